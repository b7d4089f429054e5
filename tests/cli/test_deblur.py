"""``deblur`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.main import app
from invprior.io import read, read_psf
from invprior.operators import Blur
from tests.helpers import photograph, psnr


def save(x: torch.Tensor, path: Path) -> Path:
    Image.fromarray(np.rint(x.clamp(0, 1).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clean = photograph(size=48, top=20, left=100).float()
    Image.fromarray(np.diag([120, 180, 255, 255, 180, 60, 0]).astype(np.uint8)).save(tmp_path / "psf.png")
    save(clean, tmp_path / "clean.png")
    save(Blur(clean.shape, read_psf(tmp_path / "psf.png"))(clean), tmp_path / "blurred.png")
    return tmp_path


@pytest.mark.parametrize("prior", ["tv+box", "tikhonov"])
def test_a_known_blur_is_undone(folder: Path, prior: str) -> None:
    out, record = folder / "out.png", folder / "run.json"
    psf, clean = folder / "psf.png", folder / "clean.png"
    arguments = ["deblur", folder / "blurred.png", "--psf", psf, "-o", out, "--prior", prior, "--truth", clean]
    arguments += ["--record", record, "--iterations", 150, "--quiet"]
    CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    before = psnr(read(folder / "blurred.png").x, read(clean).x)
    assert json.loads(record.read_text())["psnr"] > before + 3
    assert read(out).x.shape == (3, 48, 48)


def test_the_noise_of_a_blurred_picture_is_found(folder: Path) -> None:
    """Taken for exact, a picture with a little noise would come back as noise."""
    blurred, clean = read(folder / "blurred.png").x, folder / "clean.png"
    noisy = save(
        blurred + 0.02 * torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0)), folder / "n.png"
    )
    arguments = [
        "deblur",
        noisy,
        "--psf",
        folder / "psf.png",
        "-o",
        folder / "out.png",
        "--prior",
        "tv",
        "--truth",
        clean,
    ]
    arguments += ["--record", folder / "run.json", "--iterations", 150, "--quiet"]
    CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    record = json.loads((folder / "run.json").read_text())
    assert record["sigma"] == pytest.approx(0.02, rel=0.2)
    assert record["psnr"] > psnr(read(noisy).x, read(clean).x)


def test_a_missing_or_black_psf_is_one_sentence(folder: Path) -> None:
    Image.fromarray(np.zeros((5, 5), dtype=np.uint8)).save(folder / "black.png")
    for name, says in (("nope.png", "does not exist"), ("black.png", "bright pixels")):
        arguments = ["deblur", folder / "blurred.png", "--psf", folder / name, "-o", folder / "out.png"]
        with pytest.raises(InvpriorError, match=says):
            CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert not (folder / "out.png").exists()
