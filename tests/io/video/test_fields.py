"""Interlaced films are read as progressive ones, and others as they are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from invprior.io.video import Clip, Reader, check_coding, left_out, read_clip
from invprior.io.video.source import is_interlaced

HEIGHT, WIDTH, FRAMES = 96, 128, 8


def bar(time: float) -> np.ndarray:
    """A bright bar over soft stripes, at a time in frames."""
    rows = 90 + 40 * np.sin(np.arange(HEIGHT) / 5)
    x = np.repeat(np.repeat(rows[:, None], WIDTH, 1)[..., None], 3, 2)
    left = round(20 + 6 * time)
    x[:, left : left + 16] += 90
    return x.clip(0, 255).astype(np.uint8)


def bars(later: float) -> torch.Tensor:
    return torch.from_numpy(np.stack([bar(n + later) for n in range(FRAMES)])).permute(0, 3, 1, 2) / 255


def film(path: Path, interlaced: bool) -> Path:
    options = {"qscale": "2"} | ({"flags": "+ildct+ilme"} if interlaced else {})
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg2video", 25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 8_000_000
        for n in range(FRAMES):
            x = bar(n)
            if interlaced:  # the encoder says that the lower field comes first
                x[::2] = bar(n + 0.5)[::2]
            frame = av.VideoFrame.from_ndarray(x, format="rgb24").reformat(format="yuv420p")
            frame.pts = n
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def pixels(clip: Clip) -> torch.Tensor:
    with Reader(clip) as reader:
        return reader.read(0, len(clip))


def combs(x: torch.Tensor) -> float:
    """How much the rows differ from their neighbours on both sides, in turn."""
    return float((x[..., 1:-1, :] - (x[..., :-2, :] + x[..., 2:, :]) / 2).abs().mean())


def test_fields_become_the_frames_of_their_first_time(tmp_path: Path) -> None:
    path = film(tmp_path / "i.mkv", True)
    clip = read_clip(path)
    assert is_interlaced(path)
    assert len(clip) == FRAMES
    assert list(clip.times) == sorted(set(clip.times))
    found, truth, late = pixels(clip), bars(0), bars(0.5)
    stored = truth.clone()
    stored[..., ::2, :] = late[..., ::2, :]
    assert combs(found) < 0.3 * combs(stored)
    assert float((found - truth).abs().mean()) < 0.4 * float((stored - truth).abs().mean())
    coding = check_coding(tmp_path / "o.mp4", clip, None)
    assert "its fields (it becomes progressive)" in left_out(tmp_path / "o.mp4", clip, coding)


def test_progressive_films_are_read_as_they_are(tmp_path: Path) -> None:
    path = film(tmp_path / "p.mkv", False)
    clip = read_clip(path)
    assert not is_interlaced(path)
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.abs(pixels(clip).permute(0, 2, 3, 1).numpy() * 255 - np.stack(stored)).mean() < 1.5
    coding = check_coding(tmp_path / "o.mp4", clip, None)
    assert not any("fields" in word for word in left_out(tmp_path / "o.mp4", clip, coding))


@pytest.mark.parametrize("frames", [(0, 3), (2, 6)])
def test_a_part_is_that_of_the_whole(tmp_path: Path, frames: tuple[int, int]) -> None:
    path = film(tmp_path / "i.mkv", True)
    whole, part = pixels(read_clip(path)), pixels(read_clip(path, frames))
    assert torch.equal(part, whole[frames[0] : frames[1]])
