"""Films of any name, wherever they start, and what is no film at all."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from invprior import InvpriorError
from invprior.io.video import Reader, check_coding, encode, join, left_out, read_clip
from tests.films import half_clear, make_film, moving, simple_film

FILM = moving(6)


@pytest.mark.parametrize(
    "name", ["2024-01-01T12:30.mkv", "-v.mkv", "a%03d.mkv", "concat:a|b.mkv", "file:x.mkv", "a b.mkv", "ü?#*.mkv"]
)
def test_a_name_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    make_film(Path("a.mkv"), FILM).rename(name)
    clip = read_clip(name)
    target = Path(f"out-{name}") if not name.startswith("-") else Path("-out.mkv")
    coding = check_coding(target, clip, "ffv1")
    assert left_out(target, clip, coding) == []
    with Reader(clip) as reader:
        encode(Path("piece:1.mkv"), reader.read(0, 6), clip, coding)
    assert join(target, [Path("piece:1.mkv")], clip) == 6
    assert sorted(os.listdir()) == sorted([name, target.name, "piece:1.mkv"])


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mp4"])
@pytest.mark.parametrize("start", [0, 5, 25, 300])
def test_a_film_that_starts_later_is_whole(tmp_path: Path, suffix: str, start: int) -> None:
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    clip = read_clip(simple_film(tmp_path / f"a{suffix}", [half_clear()] * 6, codec, "yuv420p", start))
    assert len(clip) == 6
    assert clip.times[0] * clip.time_base == Fraction(start, 25)


def test_a_film_that_starts_later_and_breaks_off_is_damaged(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (48, 64, 4), dtype=np.uint8) for _ in range(40)]
    path = simple_film(tmp_path / "a.mkv", noise, start=50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InvpriorError, match="is damaged or breaks off after"):
        read_clip(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    with pytest.raises(InvpriorError, match=r"pipe.mkv is a pipe, not a film; save what comes out of it to a file"):
        read_clip(tmp_path / "pipe.mkv")
    with pytest.raises(InvpriorError, match=r"/dev/null is a device, not a film"):
        read_clip("/dev/null")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InvpriorError, match=r"empty.mp4 is empty, not a film"):
        read_clip(tmp_path / "empty.mp4")
    with pytest.raises(InvpriorError, match="cannot be read: File name too long"):
        read_clip(tmp_path / ("a" * 300 + ".mkv"))


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".jpg"])
def test_a_picture_is_a_film_of_one_frame(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(half_clear()[..., :3]).save(tmp_path / f"a{suffix}")
    assert len(read_clip(tmp_path / f"a{suffix}")) == 1


def test_an_animation_is_a_film(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((16, 24, 3), 40 * n, np.uint8)) for n in range(4)]
    for suffix in (".gif", ".png"):
        path = tmp_path / f"a{suffix}"
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[40, 80, 40, 120])
        clip = read_clip(path)
        assert len(clip) == 4
        assert [float((b - a) * clip.time_base) for a, b in zip(clip.times, clip.times[1:], strict=False)] == [
            pytest.approx(s) for s in (0.04, 0.08, 0.04)
        ]


def with_cover(path: Path, kind: str) -> Path:
    """A file with an attached picture first, as music files have it, and then sound or pictures."""
    with av.open(str(path), "w") as out:
        cover: Any = out.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
        cover.disposition = Disposition.attached_pic
        stream: Any = out.add_stream(kind, rate=25 if kind == "libx264" else 48000)
        frames: list[Any]
        if kind == "libx264":
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            frames = [av.VideoFrame(64, 48, "yuv420p") for _ in range(5)]
        else:
            frames = [av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo") for _ in range(5)]
        picture: Any = av.VideoFrame(32, 32, "rgb24")
        picture.pts, picture.time_base = 0, Fraction(1, 1)
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        for n, frame in enumerate(frames):
            if kind == "aac":
                frame.sample_rate = 48000
            frame.pts, frame.time_base = (n, Fraction(1, 25)) if kind == "libx264" else (1024 * n, Fraction(1, 48000))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_a_cover_is_not_the_film(tmp_path: Path) -> None:
    clip = read_clip(with_cover(tmp_path / "a.mp4", "libx264"))
    assert (len(clip), clip.shape) == (5, (3, 48, 64))
    target = tmp_path / "b.mp4"
    assert left_out(target, clip, check_coding(target, clip)) == ["the cover picture"]


def test_music_with_a_cover_holds_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=r"holds no pictures, only (a cover, audio|audio, a cover)"):
        read_clip(with_cover(tmp_path / "a.mp4", "aac"))
