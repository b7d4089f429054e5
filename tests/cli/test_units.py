"""A noise level in the values of the file, and one that cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from invprior.specs import in_unit_range, parse_noise
from tests.helpers import over, photograph

CLEAN = photograph(size=32, top=20, left=100)


def denoise(folder: Path, values: np.ndarray, *options: str) -> dict[str, object]:
    pyvips.Image.new_from_array(np.ascontiguousarray(values.transpose(1, 2, 0))).write_to_file(str(folder / "y.tif"))
    arguments = ["denoise", folder / "y.tif", "-o", folder / "x.tif", "--prior", "tv", "--record", folder / "run.json"]
    CliRunner().invoke(app, over([*arguments, *options]), catch_exceptions=False)
    found: dict[str, object] = json.loads((folder / "run.json").read_text())
    return found


def test_twelve_bits_in_sixteen_restore_as_eight_do(tmp_path: Path) -> None:
    y = noise.Gaussian(0.05).sample(CLEAN, torch.Generator().manual_seed(0)).clamp(0, 1).numpy()
    eight = denoise(tmp_path, np.rint(y * 255).astype(np.uint8), "--sigma", "12.75dn")
    twelve = denoise(tmp_path, np.rint(y * 4095).astype(np.uint16), "--sigma", "204.75dn")
    floats = denoise(tmp_path, (y * 0.06).astype(np.float32), "--noise", "gaussian:0.003dn")
    assert eight["sigma"] == pytest.approx(0.05)
    assert twelve["sigma"] == pytest.approx(0.05 * 4095 / 65535)
    assert floats["sigma"] == pytest.approx(0.003)
    for record, unit in ((twelve, 4095 / 65535), (floats, 0.06)):
        weight = record["weight"]
        assert isinstance(weight, float)
        assert weight / unit == pytest.approx(eight["weight"], rel=0.05)


@pytest.mark.parametrize(
    "text", ["gaussian:12dn", "poisson:3dn", "poisson-gaussian:3dn,2dn", "laplace:5DN", "coloured:12dn,1"]
)
def test_every_model_takes_digital_numbers(text: str) -> None:
    """With s·y and the numbers of the model times s, the samples are s times as large."""
    small, large = (in_unit_range(parse_noise(text), unit) for unit in (255e3, 1e3))
    assert isinstance(small, noise.Noise)
    assert isinstance(large, noise.Noise)
    u = torch.full((40, 50), 0.5, dtype=torch.float64)
    one = small.sample(u, torch.Generator().manual_seed(0))
    other = large.sample(255 * u, torch.Generator().manual_seed(0))
    assert torch.allclose(255 * one, other, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    "text", ["gaussian:1dn2", "poisson-gaussian:3dn,2", "gaussian:dn", "gaussian:nandn", "auto:3", "coloured:12dn,1dn"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvpriorError, match=r"this noise is written|got|there is no noise"):
        parse_noise(text)


def test_a_sigma_of_eight_bits_is_refused_and_not_a_flat_picture(tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=r"a sigma of 25 is the whole range .*write 25dn, .* the same as 0.098"):
        denoise(tmp_path, np.zeros((3, 16, 16), np.uint8), "--sigma", "25")
    with pytest.raises(InvpriorError, match=r"a sigma of 300 is the whole range of the file, 255"):
        denoise(tmp_path, np.zeros((3, 16, 16), np.uint8), "--sigma", "300dn")
