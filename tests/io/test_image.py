"""Files as other programs write and read them: Pillow on the other side, pyvips where Pillow loses depth."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from PIL import Image, ImageCms, ImageOps

from invprior import InvpriorError
from invprior.io import read, write
from tests.helpers import photograph

RGB = np.rint(photograph(size=24).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)[:16]  # 16 high, 24 wide
DEEP = (np.arange(16 * 24 * 3).reshape(16, 24, 3) * 56 + 7).astype(np.uint16)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def vips(path: Path, values: np.ndarray, interpretation: str) -> Path:
    pyvips.Image.new_from_array(values).copy(interpretation=interpretation).write_to_file(str(path))
    return path


def loaded(path: Path) -> np.ndarray:
    values: np.ndarray = pyvips.Image.new_from_file(str(path), revalidate=True).numpy()
    return values


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_eight_bit_pictures_come_back_bit_equal(tmp_path: Path, mode: str, suffix: str) -> None:
    if (mode, suffix) == ("P", ".tif"):
        pytest.skip("libvips reads a palette TIFF as RGB")
    image = Image.fromarray(RGB)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(RGB[:, :, 0]))
    image = image.convert(mode)
    image.save(tmp_path / f"in{suffix}")
    picture = read(tmp_path / f"in{suffix}")
    assert picture.x.shape == (3 if mode in ("RGB", "RGBA", "P") else 1, 16, 24)
    assert (picture.alpha is not None) == ("A" in mode)
    write(tmp_path / f"out{suffix}", picture)
    with Image.open(tmp_path / f"out{suffix}") as out:
        assert np.array_equal(np.asarray(out.convert("RGBA")), np.asarray(image.convert("RGBA")))
        assert ("A" in out.mode) == ("A" in mode)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay_sixteen(tmp_path: Path, suffix: str) -> None:
    for values, kind in ((DEEP, "rgb16"), (DEEP[:, :, 0], "grey16")):
        path = vips(tmp_path / f"in{suffix}", values, kind)
        picture = read(path)
        expected = torch.from_numpy(values.reshape(16, 24, -1)[:, :, 0] / 65535).float()
        assert torch.allclose(picture.x[0], expected, rtol=0, atol=1e-7)
        write(tmp_path / f"out{suffix}", picture)
        back = loaded(tmp_path / f"out{suffix}")
        assert back.dtype == np.uint16
        assert np.array_equal(back, values)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((1500, 1100), np.uint16), ((3, 700_000), np.uint8), ((1500, 1100), np.float64)]
)
def test_pictures_that_are_converted_in_slabs_have_no_seams(
    tmp_path: Path, shape: tuple[int, int], dtype: type[np.generic]
) -> None:
    values = np.random.default_rng(0).uniform(0, 255, shape).astype(dtype)
    picture = read(vips(tmp_path / "in.tif", values, "b-w" if dtype == np.uint8 else "grey16"))
    span = picture.high - picture.low
    assert np.abs(picture.x[0].numpy() * span + picture.low - values).max() <= 3e-7 * span
    write(tmp_path / "out.tif", picture)
    assert np.allclose(loaded(tmp_path / "out.tif").squeeze(), values, rtol=0, atol=0 if dtype != np.float64 else 1e-4)


def test_float_tiff_keeps_values_outside_zero_to_one(tmp_path: Path) -> None:
    values = np.linspace(-0.5, 3, 16 * 24, dtype=np.float32).reshape(16, 24)
    picture = read(vips(tmp_path / "in.tif", values, "b-w"))
    assert (float(picture.x.min()), float(picture.x.max())) == (0.0, 1.0)
    write(tmp_path / "out.tif", picture)
    back = loaded(tmp_path / "out.tif")
    assert back.dtype == np.float32
    assert np.allclose(back, values, atol=1e-6)


def test_two_float_pictures_are_compared_on_one_scale(tmp_path: Path) -> None:
    """A noisy picture with values below 0 is read on a scale of its own, and is as far from the truth as it was."""
    rng = np.random.default_rng(0)
    clean = rng.random((16, 16, 3)).astype(np.float32)
    noisy = (clean + rng.normal(0, 0.2, clean.shape)).astype(np.float32)
    picture, truth = (
        read(vips(tmp_path / f"{name}.tif", v, "rgb")) for name, v in (("noisy", noisy), ("clean", clean))
    )
    assert picture.low < 0
    error = picture.in_scale_of(truth) - truth.x
    assert float(error.square().mean()) == pytest.approx(float(((noisy - clean) ** 2).mean()), rel=1e-4)
    as_read = float((picture.x - truth.x).square().mean())
    assert abs(as_read / float(error.square().mean()) - 1) > 0.1
    assert torch.equal(truth.in_scale_of(truth), truth.x)
    eight = read(vips(tmp_path / "eight.png", (clean * 255).round().astype(np.uint8), "srgb"))
    assert torch.allclose(truth.in_scale_of(eight), truth.x)


def test_a_rewritten_file_is_read_anew(tmp_path: Path) -> None:
    for values in (RGB, RGB[::-1]):
        Image.fromarray(values).save(tmp_path / "in.png")
        assert np.array_equal(np.rint(read(tmp_path / "in.png").x[0].numpy() * 255), values[:, :, 0])


def test_profile_and_resolution_are_carried(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".tif"):
        Image.fromarray(RGB).save(tmp_path / f"in{suffix}", icc_profile=PROFILE, dpi=(300, 300))
        write(tmp_path / f"out{suffix}", read(tmp_path / f"in{suffix}"))
        with Image.open(tmp_path / f"out{suffix}") as out:
            assert out.info["icc_profile"] == PROFILE
            assert float(out.info["dpi"][0]) == pytest.approx(300, abs=0.5)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png"])
def test_orientation_is_upright_inside_and_stored_as_it_came(tmp_path: Path, orientation: int, suffix: str) -> None:
    image = Image.fromarray(RGB)
    exif = image.getexif()
    exif[274] = orientation
    options = {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
    image.save(tmp_path / f"in{suffix}", exif=exif, **options)  # type: ignore[arg-type]
    with Image.open(tmp_path / f"in{suffix}") as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
        pixels = np.asarray(stored)
    picture = read(tmp_path / f"in{suffix}")
    x = picture.x.numpy().transpose(1, 2, 0) * 255
    assert np.abs(x - upright).max() < 1 + 2 * (suffix == ".jpg")
    write(tmp_path / f"out{suffix}", picture)
    with Image.open(tmp_path / f"out{suffix}") as out:
        assert out.getexif().get(274, 1) == orientation
        assert np.abs(np.asarray(out).astype(int) - pixels).mean() < 2


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    Image.fromarray(RGB).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-300])
    vips(tmp_path / "nan.tif", np.full((8, 8), np.nan, np.float32), "b-w")
    Image.fromarray(RGB).save(tmp_path / "pages.tif", save_all=True, append_images=[Image.fromarray(RGB)])
    for name, message in {
        "missing.png": "missing.png does not exist",
        "": "is a folder, not a picture",
        "text.png": "text.png is not a picture that can be read",
        "cut.png": "cut.png is not a picture that can be read",
        "nan.tif": "holds NaN or infinite pixels",
        "pages.tif": "holds 2 pages; restore it by itself",
    }.items():
        with pytest.raises(InvpriorError, match=message):
            read(tmp_path / name)


def test_what_cannot_be_written_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "in.png")
    deep = read(vips(tmp_path / "deep.png", DEEP, "rgb16"))
    floating = read(vips(tmp_path / "float.tif", np.zeros((8, 8), np.float32), "b-w"))
    image = Image.fromarray(RGB)
    image.putalpha(128)
    image.save(tmp_path / "alpha.png")
    (tmp_path / "old.jpg").write_bytes(b"precious")
    (tmp_path / "folder.png").mkdir()
    for picture, name, message in (
        (deep, "old.jpg", "JPEG does not hold 16 bits; take .png or .tif, or 8 bits"),
        (read(tmp_path / "alpha.png"), "old.jpg", "JPEG does not hold an alpha channel"),
        (floating, "out.png", "PNG does not hold float pixels; take .tif"),
        (
            deep,
            "out.gif",
            "the name must end in one of .avif, .fit, .fits, .*.png, .tif, .tiff, .webp",
        ),
        (deep, "folder.png", "it is a folder"),
        (deep, "no/out.png", "the folder .*no does not exist"),
    ):
        with pytest.raises(InvpriorError, match=message):
            write(tmp_path / name, picture)
    assert (tmp_path / "old.jpg").read_bytes() == b"precious"
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_write_that_breaks_off_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(RGB).save(tmp_path / "in.png")
    (tmp_path / "out.png").write_bytes(b"precious")

    def fail(source: str, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InvpriorError, match=r"cannot write .*out.png: disk full"):
        write(tmp_path / "out.png", read(tmp_path / "in.png"))
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.png", "out.png"]


def test_a_written_file_has_the_mode_of_a_new_file(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "in.png")
    write(tmp_path / "out.png", read(tmp_path / "in.png"))
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "in.png").stat().st_mode
