"""The command line keeps what came with a picture, and says what it cannot keep, before anything is lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner, Result

from invprior import InvpriorError
from invprior.cli.main import app

RUNNER = CliRunner()
NONE = ["--prior", "none", "--quiet"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    scale: dict[str, Any] = {"photometric": "rgb", "metadata": {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}}
    tifffile.imwrite(tmp_path / "ome.tif", rng.integers(0, 255, (12, 10, 3), np.uint8), ome=True, **scale)
    gray = rng.integers(0, 60000, (12, 10), np.uint16)
    tifffile.imwrite(tmp_path / "ij.tif", gray, imagej=True, resolution=(2.5, 2.5), metadata={"unit": "um"})
    bands = rng.integers(0, 255, (12, 10, 5), np.uint8)
    tifffile.imwrite(tmp_path / "five.tif", bands, photometric="minisblack", planarconfig="contig")
    Image.fromarray(gray[:1, :1].astype(np.uint8)).save(tmp_path / "one.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invprior(line: str) -> Result:
    return RUNNER.invoke(app, [*line.split(), *NONE])


def test_an_enlarged_picture_has_smaller_pixels(folder: Path) -> None:
    result = invprior("upscale ome.tif ij.tif -o out --factor 2")
    assert (result.exit_code, result.stderr) == (0, "")
    with tifffile.TiffFile(folder / "out" / "ij.tif") as tiff:
        assert tiff.pages.first.tags["XResolution"].value == (5, 1)
        assert tiff.pages.first.tags["ResolutionUnit"].value == 1
        assert (tiff.imagej_metadata or {})["unit"] == "um"
    with tifffile.TiffFile(folder / "out" / "ome.tif") as tiff:
        assert 'PhysicalSizeX="0.25"' in (tiff.ome_metadata or "")
        assert tiff.series[0].shape == (24, 20, 3)


def test_what_a_format_cannot_hold_is_said_even_if_quiet(folder: Path) -> None:
    result = invprior("denoise ome.tif -o out.png")
    assert result.exit_code == 0
    assert result.stderr == "invprior: out.png leaves out what it cannot hold truthfully: the OME-XML\n"


def test_five_bands_are_refused_before_the_solve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invprior.runs.restoration.Restoration.run", lambda *a, **k: pytest.fail("solved"))
    for name, kind in (("out.png", "PNG"), ("out.jpg", "JPEG")):
        result = invprior(f"denoise five.tif -o {name}")
        assert isinstance(result.exception, InvpriorError)
        assert str(result.exception) == f"cannot write {name}: {kind} does not hold 5 colour channels; take .tif"
    assert not list(folder.glob("out.*"))


def test_one_pixel_is_a_picture(folder: Path) -> None:
    for prior in ("none", "tv"):
        words = ["denoise", "one.png", "-o", f"{prior}.png", "--prior", prior, "--sigma", "0.1"]
        result = RUNNER.invoke(app, words)
        assert result.exit_code == 0, result.output
        with Image.open(f"{prior}.png") as out:
            assert out.size == (1, 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("denoise pipe.png -o out.png", "pipe.png is not a regular file"),
        ("denoise - -o out.png", "pictures are not read from standard input"),
        ("denoise one.png -o out.png --truth pipe.png", "pipe.png is not a regular file"),
        ("inpaint one.png -o out.png --mask pipe.png", "pipe.png is not a regular file"),
        ("deblur one.png -o out.png --psf pipe.png", "pipe.png is not a regular file"),
        ("flash one.png pipe.png -o out.png", "pipe.png is not a regular file"),
        ("denoise one.png -o pipe.png", "cannot write pipe.png: it is a pipe or a device"),
        ("denoise one.png -o out.png --record pipe.png", "cannot write pipe.png: it is a pipe or a device"),
        ("denoise one.png -o out.png --preview pipe.png", "cannot write pipe.png: it is a pipe or a device"),
    ],
)
def test_a_pipe_is_neither_read_nor_replaced(folder: Path, line: str, message: str) -> None:
    os.mkfifo("pipe.png")
    result = invprior(line)
    assert isinstance(result.exception, InvpriorError)
    assert message in str(result.exception)
    assert (folder / "pipe.png").is_fifo()
    assert not (folder / "out.png").exists()
