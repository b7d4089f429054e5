"""WebP and AVIF: pixels, alpha, depth, metadata and turns come back, and what they cannot hold is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from invprior import InvpriorError
from invprior.io import Picture, read, write
from invprior.io.written import left_out
from tests.helpers import photograph, psnr
from tests.io.test_metadata import exif

RGB = (photograph(size=64).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
BOTH = pytest.mark.parametrize("suffix", ["webp", "avif"])


def pillow(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@BOTH
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_what_came_without_loss_goes_out_without_loss(tmp_path: Path, suffix: str, mode: str) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (64, 64, 1), np.uint8)
    Image.fromarray(np.concatenate([RGB, alpha], 2), "RGBA").convert(mode).save(tmp_path / "in.png")
    picture = read(tmp_path / "in.png")
    write(tmp_path / f"out.{suffix}", picture)
    back = read(tmp_path / f"out.{suffix}")
    assert torch.equal(back.x, picture.x.expand(3, -1, -1))  # both hold gray as colour
    assert (back.alpha is None) == (picture.alpha is None)
    assert back.alpha is None or picture.alpha is None or torch.equal(back.alpha, picture.alpha)


@BOTH
def test_pillow_reads_them_and_they_read_those_of_pillow(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"a.{suffix}", read_png(tmp_path))
    assert np.array_equal(pillow(tmp_path / f"a.{suffix}"), RGB)
    Image.fromarray(RGB).save(tmp_path / f"b.{suffix}", quality=90)
    theirs = pillow(tmp_path / f"b.{suffix}") / 255
    ours = read(tmp_path / f"b.{suffix}").x.permute(1, 2, 0).numpy()
    assert np.abs(ours - theirs).mean() < 1 / 255  # decoders enlarge the colours in other ways


def read_png(folder: Path) -> Picture:
    Image.fromarray(RGB).save(folder / "in.png")
    return read(folder / "in.png")


@BOTH
def test_what_came_with_loss_goes_out_with_little_and_smaller(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(RGB).save(tmp_path / f"in.{suffix}", quality=60)
    picture = read(tmp_path / f"in.{suffix}")
    write(tmp_path / f"out.{suffix}", picture)
    write(tmp_path / f"coarse.{suffix}", replace(picture, quality=20))
    write(tmp_path / "out.png", picture)
    sizes = [(tmp_path / name).stat().st_size for name in (f"coarse.{suffix}", f"out.{suffix}", "out.png")]
    assert sizes == sorted(sizes)
    assert psnr(read(tmp_path / f"out.{suffix}").x, picture.x) > 33


def test_sixteen_bits_keep_twelve_in_avif_and_are_refused_in_webp(tmp_path: Path) -> None:
    deep = (RGB[:, :, 0].astype(np.uint16) << 8) + np.arange(64, dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "in.png")
    picture = read(tmp_path / "in.png")
    assert left_out(tmp_path / "out.avif", picture) == ("the last 4 of 16 bits",)
    write(tmp_path / "out.avif", picture)
    assert float((read(tmp_path / "out.avif").x - picture.x).abs().max()) < 1.1 / 4095
    with pytest.raises(InvpriorError, match=r"WEBP does not hold 16 bits; take \.png or \.tif, or 8 bits"):
        write(tmp_path / "out.webp", picture)


@BOTH
@pytest.mark.parametrize("source", ["jpg", "png", "webp", "avif"])
def test_exif_and_profiles_go_along(tmp_path: Path, source: str, suffix: str) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB).save(tmp_path / f"in.{source}", exif=exif(), icc_profile=profile)
    write(tmp_path / f"out.{suffix}", read(tmp_path / f"in.{source}"))
    with Image.open(tmp_path / f"out.{suffix}") as out:
        assert out.getexif()[271] == "Maker"
        assert tuple(map(float, out.getexif().get_ifd(34853)[2])) == (1.0, 2.0, 3.5)
        assert out.info["icc_profile"] == profile
    write(tmp_path / "back.jpg", read(tmp_path / f"out.{suffix}"))
    with Image.open(tmp_path / "back.jpg") as back:
        assert back.getexif()[271] == "Maker"


@BOTH
@pytest.mark.parametrize("source", ["jpg", "webp", "avif"])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_turned_pictures_stay_as_they_are_seen(tmp_path: Path, source: str, suffix: str, turn: int) -> None:
    found = exif()
    found[274] = turn
    Image.fromarray(RGB[:40]).save(tmp_path / f"in.{source}", exif=found, quality=95)
    picture = read(tmp_path / f"in.{source}")
    assert picture.x.shape[1:] == ((64, 40) if turn > 4 else (40, 64))
    write(tmp_path / f"out.{suffix}", picture)
    assert psnr(read(tmp_path / f"out.{suffix}").x, picture.x) > 33
    write(tmp_path / "out.jpg", read(tmp_path / f"out.{suffix}"))
    assert psnr(read(tmp_path / "out.jpg").x, picture.x) > 30


def test_heic_says_what_to_do(tmp_path: Path) -> None:
    """The libvips that is installed does not decode it, nor does any tool here make one: this is its first bytes."""
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))
    with pytest.raises(InvpriorError, match=r"is HEIC, whose coding .* export it as JPEG"):
        read(tmp_path / "a.heic")


def test_several_pictures_in_one_file_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    frames[0].save(tmp_path / "film.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(InvpriorError, match="holds 2 pages"):
        read(tmp_path / "film.webp")
