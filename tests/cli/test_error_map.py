"""``--error-map`` on the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from invprior.io import read
from tests.helpers import over, photograph

SIZE = 32
LIMIT = ("--iterations", "40")
TV = ("--prior", "tv:0.05", "--sigma", "0.1", *LIMIT)


def save(x: Tensor, path: Path) -> Path:
    levels = np.rint(x.clamp(0, 1).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    Image.fromarray(levels.squeeze()).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clean = photograph(size=SIZE)
    save(clean, tmp_path / "clean.png")
    save(noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0)), tmp_path / "noisy.png")
    save(torch.ones(1, 3, 3, dtype=torch.float64), tmp_path / "psf.png")
    hole = torch.zeros(1, SIZE, SIZE, dtype=torch.float64)
    hole[:, 8:16, 8:16] = 1
    save(hole, tmp_path / "mask.png")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    """What the command prints; file names are those in the folder."""
    typed = [str(folder / a) if a.endswith((".png", ".tif", ".json", ".gif")) else a for a in arguments]
    done = CliRunner().invoke(app, over(typed), catch_exceptions=False)
    return done.output


def test_a_tiff_holds_the_error_and_report_and_record_its_mean(folder: Path) -> None:
    said = run(folder, "denoise", "noisy.png", "-o", "out.png", *TV, "--error-map", "e.tif", "--record", "r.json")
    found = read(folder / "e.tif")
    assert (found.format, tuple(found.x.shape)) == ("float", (3, SIZE, SIZE))
    record = json.loads((folder / "r.json").read_text())
    assert record["expected_error"] == pytest.approx(float(found.x.square().mean().sqrt()), rel=1e-5)
    assert f"expected error {record['expected_error']:.3g} on average, a PSNR of" in said
    assert "5 more solves, about" in said
    low, high = record["expected_error_between"]
    assert low < record["expected_error"] < high < 1.5 * low
    worst, best = (f"{-20 * math.log10(end):.1f}" for end in (high, low))
    assert f"the PSNR of the picture is {worst} to {best} dB with a probability of 90 %" in said
    factors = record["error_factors"]
    assert list(factors) == ["0.5", "0.75", "0.9", "0.95", "0.99"]
    assert f"half of the pixels is within {factors['0.5']:.2f} times the map" in said
    error = (read(folder / "out.png").x - read(folder / "clean.png").x).abs()
    assert float((error <= factors["0.9"] * found.x).float().mean()) == pytest.approx(0.9, abs=0.07)
    true = (read(folder / "out.png").x - read(folder / "clean.png").x).square().mean().sqrt()
    assert record["expected_error"] == pytest.approx(float(true), rel=0.3)
    assert 0.9 * low < float(true) < 1.1 * high


def test_a_png_is_brightened_and_says_by_how_much(folder: Path) -> None:
    said = run(folder, "denoise", "noisy.png", "-o", "out.png", *TV, "--error-map", "e.png")
    run(folder, "denoise", "noisy.png", "-o", "out.png", *TV, "--error-map", "e.tif", "--quiet")
    exact, shown = read(folder / "e.tif").x, read(folder / "e.png").x
    assert f"white is {float(exact.max()):.3g} ({1 / float(exact.max()):.3g} times as bright)" in said
    torch.testing.assert_close(shown, exact / exact.max(), atol=0.6 / 255, rtol=0)


def test_known_pixels_of_an_exact_inpainting_have_the_error_of_their_rounding(folder: Path) -> None:
    run(
        folder,
        "inpaint",
        "clean.png",
        "-o",
        "out.png",
        "--prior",
        "tv",
        "--mask",
        "mask.png",
        *LIMIT,
        "--error-map",
        "e.tif",
    )
    found, hole = read(folder / "e.tif").x, read(folder / "mask.png").x[0] > 0.5
    torch.testing.assert_close(found[:, ~hole], torch.full_like(found[:, ~hole], 1 / (255 * 12**0.5)))
    assert float(found[:, hole].min()) > 0.005


@pytest.mark.parametrize("task", [("deblur", "--psf", "psf.png"), ("upscale", "--factor", "2")])
def test_the_map_has_the_size_of_what_is_written(folder: Path, task: tuple[str, ...]) -> None:
    run(folder, task[0], "noisy.png", *task[1:], "-o", "out.png", *TV, "--error-map", "e.tif", "--quiet")
    assert read(folder / "e.tif").x.shape == read(folder / "out.png").x.shape


def test_nothing_of_the_truth_is_used(folder: Path) -> None:
    maps = []
    for truth in ((), ("--truth", "clean.png"), ("--truth", "noisy.png")):
        run(folder, "denoise", "noisy.png", "-o", "out.png", *TV, *truth, "--error-map", "e.tif", "--quiet")
        maps.append((folder / "e.tif").read_bytes())
    assert maps[0] == maps[1] == maps[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("denoise", "noisy.png", "-o", "e.png", *TV, "--error-map", "e.png"), "would be written over"),
        (("denoise", "noisy.png", "-o", "out.png", *TV, "--error-map", "noisy.png"), "would be written over"),
        (("denoise", "noisy.png", "-o", "out.png", *TV, "--error-map", "e.gif"), "the name must end in one of"),
        (
            ("denoise", "noisy.png", "clean.png", "-o", "out", *TV, "--error-map", "e.tif"),
            "--error-map goes with one picture",
        ),
        (("flash", "noisy.png", "clean.png", "-o", "out.png", *TV, "--error-map", "e.tif"), "its flash picture would"),
        (("video", "film.mp4", "-o", "out.mp4", *TV, "--error-map", "e.tif"), "--error-map is for pictures"),
    ],
)
def test_what_cannot_have_a_map_is_refused_before_anything_is_written(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    before = {p: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(InvpriorError, match=says):
        run(folder, *arguments)
    assert {p: p.read_bytes() for p in folder.iterdir()} == before
