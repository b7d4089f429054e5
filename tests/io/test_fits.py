"""FITS: pixels of every kind, headers, and the coordinates of the sky."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from invprior.cli.main import app
from invprior.errors import InvpriorError
from invprior.io import read, write
from tests.helpers import photograph

fits = pytest.importorskip("astropy.io.fits")
GRAY = photograph(size=48).numpy()[0][:40]


def made(path: Path, values: np.ndarray, **cards: object) -> Path:
    header = fits.Header()
    for name, value in cards.items():
        header[name] = value
    fits.PrimaryHDU(values, header).writeto(path)
    return path


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("planes", [1, 2, 3, 4, 5])
def test_pixels_go_out_as_they_came(dtype: str, planes: int, tmp_path: Path) -> None:
    most = 200 if dtype == "u1" else 30000
    values = (GRAY * most).astype(dtype)
    values = values if planes == 1 else np.stack([np.roll(values, k, 0) for k in range(planes)])
    path = made(tmp_path / "a.fits", values, OBJECT="M 31", EXPTIME=30.0)
    picture = read(path)
    assert picture.x.shape == (planes, 40, 48)
    assert picture.alpha is None
    write(tmp_path / "b.fits", picture)
    with fits.open(path) as before, fits.open(tmp_path / "b.fits") as after:
        assert after[0].data.shape == before[0].data.shape
        assert np.allclose(after[0].data, before[0].data, rtol=1e-6)
        assert after[0].data.dtype.kind == before[0].data.dtype.kind
        assert after[0].header["OBJECT"] == "M 31"
        assert after[0].header["EXPTIME"] == 30.0


def test_the_sky_stays_where_it_is_when_pixels_become_smaller(tmp_path: Path) -> None:
    wcs = pytest.importorskip("astropy.wcs")
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 20.0, "CRPIX2": 11.5, "CRVAL1": 10.0, "CRVAL2": 41.0}
    for kind in ({"CDELT1": -0.01, "CDELT2": 0.01}, {"CD1_1": -0.01, "CD1_2": 0.001, "CD2_1": 0.001, "CD2_2": 0.01}):
        path = tmp_path / f"{len(kind)}.fits"
        made(path, GRAY.astype("f4"), **sky, **kind)
        out = tmp_path / f"{len(kind)}-out.fits"
        words = ["upscale", path, "-o", out, "--factor", "2", "--prior", "tikhonov:1", "--quiet"]
        done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0
        assert done.stderr == ""
        before, after = wcs.WCS(fits.getheader(path)), wcs.WCS(fits.getheader(out))
        # the corner of a pixel in the small picture is a corner in the large one too
        corner = before.all_pix2world([[4.5, 7.5]], 0)
        same = after.all_pix2world([[9.5, 15.5]], 0)
        assert np.allclose(corner, same, atol=1e-9)
        assert fits.getdata(out).shape == (80, 96)


def test_what_is_lost_between_fits_and_others_is_named(tmp_path: Path) -> None:
    made(tmp_path / "a.fits", GRAY.astype("f4"), OBJECT="M 31")
    words = ["denoise", tmp_path / "a.fits", "-o", tmp_path / "a.tif", "--prior", "tv:0.01", "--sigma", "0.02"]
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert "the header of FITS" in done.stderr
    words = ["denoise", tmp_path / "a.tif", "-o", tmp_path / "b.fits", "--prior", "tv:0.01", "--sigma", "0.02"]
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert "leaves out" not in done.stderr
    assert read(tmp_path / "b.fits").x.shape == (1, 40, 48)


def test_an_image_in_an_extension_and_axes_of_one_are_found(tmp_path: Path) -> None:
    table = fits.ImageHDU(GRAY[None].astype("i2"), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "a.fits")
    assert read(tmp_path / "a.fits").x.shape == (1, 40, 48)


def test_what_is_no_image_is_a_sentence(tmp_path: Path) -> None:
    fits.HDUList([fits.PrimaryHDU(np.zeros(5))]).writeto(tmp_path / "line.fits")
    with pytest.raises(InvpriorError, match="no image of two or three axes"):
        read(tmp_path / "line.fits")
    (tmp_path / "head.fits").write_bytes(b"SIMPLE  =                    T" + b" " * 100)
    with pytest.raises(InvpriorError, match=r"head\.fits"):
        read(tmp_path / "head.fits")
    good = made(tmp_path / "good.fits", GRAY.astype("f4"))
    (tmp_path / "half.fits").write_bytes(good.read_bytes()[:4000])
    with pytest.raises(InvpriorError, match=r"half\.fits"):
        read(tmp_path / "half.fits")
    picture = read(good)
    from dataclasses import replace

    with pytest.raises(InvpriorError, match="does not hold an alpha channel"):
        write(tmp_path / "x.fits", replace(picture, alpha=torch.ones(1, 40, 48)))
