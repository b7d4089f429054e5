"""invprior denoise --volume: the pages of a TIFF as one image of three axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from invprior import InvpriorError
from invprior.priors import DIP, TV
from invprior.purpose import Purpose
from invprior.specs import parse_prior
from tests.cli.here import ended

# A ball in a box of 20 slices: along the depth it changes as slowly as along the others.
Z, Y, X = np.mgrid[:20, :48, :48]
BALL = np.where((Z - 10) ** 2 + (Y - 24) ** 2 + (X - 20) ** 2 < 64, 0.8, 0.2)
NOISY = BALL + 0.15 * np.random.default_rng(0).standard_normal(BALL.shape)


def stack(path: Path, kind: str = "uint16") -> Path:
    values = NOISY.astype(np.float32) if kind == "float32" else np.rint(NOISY.clip(0, 1) * 65535).astype(kind)
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "ZYX", "spacing": 0.5}, compression="zlib")
    return path


def error(x: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(x - BALL).mean()))


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_slices_help_one_another_and_the_stack_is_as_it_was(tmp_path: Path, kind: str) -> None:
    source, found = stack(tmp_path / "in.tif", kind), {}
    unit = 1.0 if kind == "uint16" else NOISY.max() - NOISY.min()  # what the weight and the noise are relative to
    for name, weight, more in (("slices", 0.15, ()), ("volume", 0.1, ("--volume",))):
        out = tmp_path / f"{name}.tif"
        settled = ("--sigma", 0.15 / unit, "--weight", weight / unit, "--iterations", 100, "--quiet")
        assert ended("denoise", source, "-o", out, "--prior", "tv", *settled, *more) == (0, "")
        with tifffile.TiffFile(out) as tiff:
            assert len(tiff.pages) == 20
            assert tiff.imagej_metadata is not None
            assert tiff.imagej_metadata["spacing"] == 0.5
            assert tiff.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
            values = tiff.asarray()
        assert values.dtype == kind
        found[name] = error(values / (65535 if kind == "uint16" else 1))
    assert found["volume"] > found["slices"] + 0.5


def test_a_network_of_three_axes_runs(tmp_path: Path) -> None:
    done = ended(
        *("denoise", stack(tmp_path / "in.tif"), "-o", tmp_path / "o.tif", "--volume", "--quiet"),
        *("--prior", "dip", "--iterations", "2"),
    )
    assert done == (0, "")
    assert tifffile.imread(tmp_path / "o.tif").shape == BALL.shape


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_of_64_bits_it_is_said_that_32_remain(tmp_path: Path, offset: float) -> None:
    tifffile.imwrite(tmp_path / "in.tif", offset + NOISY, photometric="minisblack")
    options = ("--volume", "--quiet", "--prior", "tv", "--iterations", 3, "--sigma", 1e-9, "--weight", 1e-12)
    code, said = ended("denoise", tmp_path / "in.tif", "-o", tmp_path / "o.tif", *options)
    assert (code, "the precision of 64 bits" in said) == (0, True)
    assert np.abs(tifffile.imread(tmp_path / "o.tif") - offset - NOISY).max() < 1e-6 * max(offset, 1)


def test_names_of_volumes() -> None:
    purpose = Purpose(volume=True)
    assert parse_prior("tv:depth=0.5").made(purpose) == TV((-3, -2, -1), (0.5, 1.0, 1.0), coupled=False)
    assert parse_prior("dip:iterations=3").made(purpose) == DIP(iterations=3, axes=(-3, -2, -1))
    for name in ("nonlocal", "wavelet", "tgv"):
        with pytest.raises(InvpriorError, match=name):
            parse_prior(name).made(purpose)


def test_what_is_no_volume_is_said(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "one.tif", np.zeros((8, 8), np.uint8))
    tifffile.imwrite(tmp_path / "complex.tif", np.zeros((3, 8, 8), np.complex64), photometric="minisblack")
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((3, 8, 8, 3), np.uint8), photometric="rgb")
    source = stack(tmp_path / "in.tif")
    for given, says in (
        ((tmp_path / "one.tif",), "is no TIFF of several pages"),
        ((tmp_path / "rgb.tif",), "no gray pictures of one size"),
        ((tmp_path / "complex.tif",), "complex pixels"),
        ((source, "--tile", "64"), "--tile is for pictures"),
        ((source, "--truth", source), "--truth is for pictures"),
        ((source, "--prior", "nonlocal"), "nonlocal"),
    ):
        with pytest.raises(InvpriorError, match=says):
            ended("denoise", *given, "-o", tmp_path / "o.tif", "--volume", "--quiet")
    assert not (tmp_path / "o.tif").exists()
