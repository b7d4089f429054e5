"""``--noise`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from invprior.specs import noises, parse_noise
from tests.helpers import over, photograph


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    clean = photograph(size=32, top=20, left=100)
    y = noise.Poisson(0.02).sample(clean, torch.Generator().manual_seed(0)).clamp(0, 1)
    Image.fromarray(np.rint(y.numpy().transpose(1, 2, 0) * 255).astype(np.uint8)).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def denoise(noisy: Path, *options: str) -> dict[str, object]:
    out, record = noisy.with_name("out.png"), noisy.with_name("run.json")
    arguments = ["denoise", noisy, "-o", out, "--prior", "tv", "--record", record, "--iterations", 200, *options]
    CliRunner().invoke(app, over(arguments), catch_exceptions=False)
    found: dict[str, object] = json.loads(record.read_text())
    return found


MODELS = {
    "gaussian:0.1": "Gaussian(sigma=0.1)",
    "poisson:0.02": "Poisson(gain=0.02)",
    "poisson-gaussian:0.02,0.01": "PoissonGaussian(gain=0.02, read=0.01, offset=0.0)",
    "laplace:0.05": "Laplace(b=0.05)",
    "coloured:0.1,1": "Coloured(sigma=0.1, blur=1.0)",
}


@pytest.mark.parametrize("text", MODELS)
def test_every_model_restores_and_is_recorded(noisy: Path, text: str) -> None:
    weight = [] if text.startswith("poisson:") else ["--weight", "0.1"]
    record = denoise(noisy, "--noise", text, *weight)
    assert record["noise"] == MODELS[text]
    assert record["noise_rule"] == "given"
    assert record["status"] in ("converged", "max_iterations")


def test_sigma_is_the_short_form(noisy: Path) -> None:
    short, long = denoise(noisy, "--sigma", "0.1"), denoise(noisy, "--noise", "gaussian:0.1")
    assert [short[k] for k in ("noise", "sigma", "weight")] == [long[k] for k in ("noise", "sigma", "weight")]


MISTAKES = {
    "foo:1": "there is no noise 'foo'; choose auto, rounding, coloured:SIGMA,BLUR, gaussian:SIGMA, laplace:B, poisson",
    "poisson": "this noise is written poisson:GAIN with numbers, or all of them with dn",
    "poisson-gaussian:1": "poisson-gaussian:GAIN,READ[,OFFSET]",
    "gaussian:much": "gaussian:SIGMA with numbers",
    "laplace:-1": "needs a positive scale",
    "coloured:0.1": "this noise is written coloured:SIGMA,BLUR with numbers",
    "coloured:0.1,1,2": "this noise is written coloured:SIGMA,BLUR with numbers",
    "coloured:0.1,-1": "0 to 20 pixels",
    "flat": "a flat part is written flat:LEFT,TOP,WIDTH,HEIGHT in whole pixels",
    "flat:0,0,16,1.5": "a flat part is written flat:LEFT,TOP,WIDTH,HEIGHT in whole pixels",
    "flat:0,0,8,30": "16 by 16 pixels or more",
    "flat:20,0,16,16": "flat:20,0,16,16 is not wholly inside the picture of 32 by 32 pixels",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_gets_one_sentence(noisy: Path, text: str) -> None:
    with pytest.raises(InvpriorError) as error:
        denoise(noisy, "--noise", text)
    assert MISTAKES[text] in str(error.value)
    assert "\n" not in str(error.value)


def test_two_levels_are_one_too_many(noisy: Path) -> None:
    with pytest.raises(InvpriorError, match="give one of the two"):
        denoise(noisy, "--noise", "poisson:0.1", "--sigma", "0.1")


def test_laplace_has_no_automatic_weight(noisy: Path) -> None:
    with pytest.raises(InvpriorError, match="give a weight"):
        denoise(noisy, "--noise", "laplace:0.1")


def test_every_exported_model_has_a_name() -> None:
    assert sorted(noises()) == ["coloured", "gaussian", "laplace", "poisson", "poisson-gaussian", "quantisation"]
    assert parse_noise("auto") == "auto"
    assert parse_noise("poisson-gaussian:0.1,0.2,0.3") == noise.PoissonGaussian(0.1, 0.2, 0.3)


def test_noise_is_measured_in_a_flat_part(tmp_path: Path) -> None:
    """As white noise of the same variance it would be taken for detail."""
    clean = torch.cat([torch.full((3, 48, 32), 0.5, dtype=torch.float64), photograph(size=48)], -1)
    y = noise.Coloured(0.08, 1.0).sample(clean, torch.Generator().manual_seed(0)).clamp(0, 1)
    for name, picture in (("noisy", y), ("clean", clean)):
        pixels = np.rint(picture.numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    truth = ["--prior", "nonlocal", "--truth", str(tmp_path / "clean.png")]
    known, white = (
        denoise(tmp_path / "noisy.png", "--noise", text, *truth) for text in ("flat:0,0,32,48", "gaussian:0.08")
    )
    assert known["noise_rule"] == "measured, flat:0,0,32,48"
    assert str(known["noise"]).startswith("Coloured(sigma=0.0")
    assert known["sigma"] == pytest.approx(0.08, rel=0.1)
    assert float(known["psnr"]) > float(white["psnr"]) + 2  # type: ignore[arg-type]


def test_black_is_no_flat_part(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "noisy.png")
    with pytest.raises(InvpriorError, match="is black or white, where noise is cut off"):
        denoise(tmp_path / "noisy.png", "--noise", "flat:0,0,16,16")
