"""Pixel formats: chroma, depth and transparency are kept where the encoder can, else named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from invprior.io.video import Clip, Reader, alpha_reader, check_coding, encode, join, left_out, read_clip
from invprior.io.video.formats import bits, losses, ranked
from tests.films import half_clear, simple_film, stripes


def pixels(clip: Clip) -> Tensor:
    with Reader(clip) as reader:
        return reader.read(0, len(clip))


def alpha(clip: Clip) -> Tensor:
    with alpha_reader(clip) as reader:
        return reader.read(0, len(clip))


def copy(clip: Clip, target: Path, codec: str | None = None) -> tuple[Clip, list[str]]:
    """Write a clip again; return what was written and what was said to be lost."""
    coding = check_coding(target, clip, codec)
    lost = left_out(target, clip, coding)
    x = (
        torch.cat([pixels(clip), alpha(clip)], 1)
        if clip.alpha and not any("transp" in w for w in lost)
        else pixels(clip)
    )
    encode(target.parent / "piece.mkv", x, clip, coding)
    join(target, [target.parent / "piece.mkv"], clip)
    return read_clip(target), lost


SOURCES = [("a.mkv", "ffv1", "bgr0"), ("a.mov", "qtrle", "rgb24"), ("a.mp4", "libx264rgb", "rgb24")]


@pytest.mark.parametrize(
    ("name", "codec", "pixel"), [*SOURCES, ("a.mkv", "ffv1", "gbrp10le"), ("a.gif", "gif", "rgb8")]
)
@pytest.mark.parametrize("target", ["b.mp4", "b.mkv", "b.mov", "b.webm"])
def test_one_pixel_stripes_of_an_rgb_film_come_back(
    tmp_path: Path, name: str, codec: str, pixel: str, target: str
) -> None:
    before = read_clip(simple_film(tmp_path / name, [stripes()] * 3, codec, pixel))
    after, lost = copy(before, tmp_path / target)
    assert 255 * (pixels(after) - pixels(before)).abs().mean() < 4
    assert lost == (["bits of its values (10 become 8)"] if (pixel, target) == ("gbrp10le", "b.webm") else [])


@pytest.mark.parametrize(
    "pixel", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray"]
)
@pytest.mark.parametrize("target", ["b.mp4", "b.mkv"])
def test_sampling_and_depth_are_kept(tmp_path: Path, pixel: str, target: str) -> None:
    before = read_clip(simple_film(tmp_path / "a.mkv", [half_clear()] * 3, "ffv1", pixel))
    after, lost = copy(before, tmp_path / target)
    assert lost == []
    assert after.format.replace("yuvj", "yuv") == ("yuv420p" if pixel == "gray" else pixel)  # the decoder's name
    assert 255 * (pixels(after) - pixels(before)).abs().mean() < 1.5


def test_what_an_encoder_cannot_keep_is_named(tmp_path: Path) -> None:
    before = read_clip(simple_film(tmp_path / "a.mkv", [half_clear()] * 3, "ffv1", "yuv444p10le"))
    _, lost = copy(before, tmp_path / "b.mkv", "mpeg4")
    assert lost == ["colour detail (4:4:4 becomes 4:2:0)", "bits of its values (10 become 8)"]


@pytest.mark.parametrize(
    ("name", "codec", "pixel", "worst"),
    [
        ("a.webm", "libvpx-vp9", "yuva420p", 0.02),
        ("a.mov", "prores_ks", "yuva444p10le", 0.001),
        ("a.mov", "png", "rgba", 0.0),
        ("a.mov", "qtrle", "argb", 0.0),
        ("a.mkv", "ffv1", "gbrap10le", 0.0),
    ],
)
def test_transparency_comes_through(tmp_path: Path, name: str, codec: str, pixel: str, worst: float) -> None:
    before = read_clip(simple_film(tmp_path / name, [half_clear()] * 3, codec, pixel))
    assert before.alpha
    assert alpha(before)[..., 0].max() < 0.02
    assert alpha(before)[..., 40:].min() > 0.98
    after, lost = copy(before, tmp_path / f"b{Path(name).suffix}", codec)
    assert after.alpha
    assert not any("transparency" in what for what in lost)
    assert (alpha(after) - alpha(before)).abs().max() <= worst
    assert 255 * (pixels(after) - pixels(before)).abs().mean() < 1


def test_the_default_encoder_of_a_transparent_film_keeps_it_or_it_is_said(tmp_path: Path) -> None:
    before = read_clip(simple_film(tmp_path / "a.mov", [half_clear()] * 3, "png", "rgba"))
    for target in ("b.mov", "b.mkv", "b.webm"):
        after, _ = copy(before, tmp_path / target)
        assert after.alpha or read_clip(tmp_path / target).format.startswith("yuva")
    after, lost = copy(before, tmp_path / "b.mp4")
    assert lost == ["its transparency (a .webm or .mov keeps it)"]
    assert not after.alpha


def test_an_opaque_alpha_channel_is_no_transparency(tmp_path: Path) -> None:
    before = read_clip(simple_film(tmp_path / "a.mov", [stripes()] * 3, "png", "rgba"))
    assert not before.alpha
    assert copy(before, tmp_path / "b.mp4")[1] == []


def test_formats_are_ranked_by_what_they_lose() -> None:
    x264 = ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le", "yuv444p10le", "gray"]
    for own, best in (
        ("bgr0", "yuv444p"),
        ("gbrp12le", "yuv444p10le"),
        ("yuv411p", "yuv422p"),
        ("yuvj420p", "yuv420p"),
        ("yuv420p12le", "yuv420p10le"),
        ("yuva444p", "yuv444p"),
        ("gray10le", "yuv420p10le"),
    ):
        assert ranked(own, False, x264)[0] == best
    assert ranked("bgra", True, ["bgr0", "yuva420p", "bgra"]) == ["bgra", "yuva420p", "bgr0"]
    assert losses("yuva444p10le", True, "yuv420p") == [
        "its transparency (a .webm or .mov keeps it)",
        "colour detail (4:4:4 becomes 4:2:0)",
        "bits of its values (10 become 8)",
    ]
    assert losses("rgb24", False, "gray") == ["its colours"]
    assert (bits("rgb565le"), bits("yuva420p10le")) == (6, 10)
