"""When frames are shown: variable rates, huge ones, and films that begin before time 0."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from invprior import InvpriorError
from invprior.io.video import Clip, Reader, check_coding, encode, join, read_clip
from tests.films import half_clear, make_film, moving, simple_film


def copy(clip: Clip, target: Path) -> Clip:
    coding = check_coding(target, clip)
    with Reader(clip) as reader:
        encode(target.parent / "piece.mkv", reader.read(0, len(clip)), clip, coding)
    join(target, [target.parent / "piece.mkv"], clip)
    return read_clip(target)


def seconds(clip: Clip) -> list[float]:
    return [float((t - clip.times[0]) * clip.time_base) for t in clip.times]


def fast(path: Path, rate: int) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.max_b_frames = 0
        for n in range(8):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = n, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("target", ["b.mp4", "b.mkv"])
def test_a_variable_rate_comes_through(tmp_path: Path, target: str) -> None:
    clip = read_clip(make_film(tmp_path / "a.mkv", moving(4), times=[0, 13, 500, 507]))
    assert seconds(copy(clip, tmp_path / target)) == pytest.approx([0, 0.013, 0.5, 0.507])


@pytest.mark.parametrize("name", ["a.mp4", "a.nut"])
def test_a_film_that_begins_before_time_0(tmp_path: Path, name: str) -> None:
    codec = "libx264" if name == "a.mp4" else "ffv1"
    clip = read_clip(simple_film(tmp_path / name, [half_clear()] * 6, codec, "yuv420p", start=-2))
    for target in ("b.mp4", "b.mkv"):
        assert seconds(copy(clip, tmp_path / target)) == pytest.approx(seconds(clip), abs=1e-3)


def test_frames_closer_than_a_millisecond(tmp_path: Path) -> None:
    clip = read_clip(fast(tmp_path / "a.mp4", 20_000))
    assert seconds(copy(clip, tmp_path / "b.mp4")) == pytest.approx(seconds(clip))
    with pytest.raises(InvpriorError, match=r"a .mkv file counts milliseconds, and frames of .* are closer; take .mp4"):
        check_coding(tmp_path / "b.mkv", clip)
    assert len(copy(read_clip(fast(tmp_path / "c.mp4", 1000)), tmp_path / "c.mkv")) == 8
