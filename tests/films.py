"""Tiny films that tests encode themselves."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace
from torch import Tensor

MILLI = Fraction(1, 1000)


def moving(frames: int = 12, height: int = 48, width: int = 64, speed: float = 2.0) -> Tensor:
    """Smooth colours in which a bright disc goes right by ``speed`` pixels a frame; (T, 3, H, W)."""
    row, column = (t.float() for t in torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    out = []
    for t in range(frames):
        disc = ((row - height / 2) ** 2 + (column - width / 4 - speed * t) ** 2).sqrt()
        inside = (height / 5 - disc).clamp(0, 1)
        base = torch.stack([0.3 + 0.3 * column / width, 0.2 + 0.4 * row / height, torch.full_like(row, 0.4)])
        out.append(base + inside * (torch.tensor([0.9, 0.7, 0.2])[:, None, None] - base))
    return torch.stack(out)


def make_film(
    path: Path,
    frames: Tensor,
    codec: str = "ffv1",
    pixel: str = "yuv444p",
    times: Sequence[int] | None = None,
    turn: int = 0,
    audio: str | None = None,
    tags: bool = True,
) -> Path:
    """Encode frames as stored, 25 a second unless ``times`` (ms) says otherwise; BT.709 limited, tagged so or not."""
    times = times or [40 * n for n in range(len(frames))]
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=25, options={"crf": "10"} if codec.startswith("libx") else {})
        stream.height, stream.width, stream.pix_fmt = *frames.shape[-2:], pixel
        stream.codec_context.time_base = MILLI
        if tags:
            c = stream.codec_context
            c.color_range = c.colorspace = c.color_primaries = c.color_trc = 1
        if turn:
            stream.set_display_rotation(turn)
        sound = out.add_stream(audio, rate=48000, layout="mono") if audio else None
        for x, t in zip(frames, times, strict=True):
            pixels = np.ascontiguousarray((x * 255).round().byte().permute(1, 2, 0).numpy())
            space = Colorspace.ITU709 if tags else Colorspace.ITU601
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format=pixel, dst_colorspace=space, src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = t, MILLI
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            _hum(out, sound, times[-1] + 40)
    return path


def _hum(out: Any, stream: Any, milliseconds: int) -> None:
    samples = (8000 * np.sin(np.arange(48 * milliseconds) / 20)).astype(np.int16)[None]
    for start in range(0, samples.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(samples[:, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def audio_packets(path: Path) -> list[tuple[int, bytes]]:
    """When each is heard in ms, and its bytes."""
    with av.open(str(path)) as file:
        packets = file.demux(file.streams.audio[0])
        return [(round(1000 * p.pts * p.time_base), bytes(p)) for p in packets if p.pts is not None]


def simple_film(
    path: Path, pictures: Sequence[np.ndarray[Any, Any]], codec: str = "ffv1", pixel: str = "bgr0", start: int = 0
) -> Path:
    """Encode RGBA pictures (H, W, 4) of 8 bits, 25 a second from frame number ``start`` on."""
    with av.open(f"file:{path}", "w", format=None if path.suffix else "matroska") as out:
        stream: Any = out.add_stream(codec, rate=25)
        (stream.height, stream.width), stream.pix_fmt = pictures[0].shape[:2], pixel
        stream.codec_context.max_b_frames = 0
        for n, x in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(x, format="rgba").reformat(format=pixel)
            frame.pts, frame.time_base = n + start, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def stripes() -> np.ndarray[Any, Any]:
    """Columns of red and blue in turn, one pixel wide, opaque."""
    x = np.zeros((48, 64, 4), np.uint8)
    x[:, ::2], x[:, 1::2] = (255, 0, 0, 255), (0, 0, 255, 255)
    return x


def half_clear() -> np.ndarray[Any, Any]:
    """One colour that is opaque at the right and fades out towards the left."""
    x = np.full((48, 64, 4), (200, 100, 50, 255), np.uint8)
    x[:, :32, 3] = np.linspace(0, 240, 32)
    return x


def rich_film(path: Path, sound: str = "flac", chapters: bool = True, codec: str = "libx264") -> Path:
    """A film of 25 frames with metadata, two audio tracks of different use, and two chapters."""
    with av.open(str(path), "w") as out:
        out.metadata.update({"title": "A film", "creation_time": "2020-01-02T03:04:05.000000Z", "shot": "7"})
        stream: Any = out.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.metadata["language"] = "fra"
        tracks = [out.add_stream(sound, rate=48000, layout="mono") for _ in range(2)]
        tracks[0].metadata.update({"language": "eng", "title": "Speech"})
        tracks[1].metadata.update({"language": "deu", "title": "Remarks"})
        tracks[0].disposition, tracks[1].disposition = Disposition.default, Disposition.comment
        if chapters:
            marks = (("one", 0, 400), ("two", 400, 1000))
            out.set_chapters(
                [
                    {"id": n, "start": a, "end": b, "time_base": MILLI, "metadata": {"title": name}}
                    for n, (name, a, b) in enumerate(marks, 1)
                ]
            )
        for n, x in enumerate(moving(25)):
            pixels = np.ascontiguousarray((x * 255).round().byte().permute(1, 2, 0).numpy())
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for track in tracks:
            _hum(out, track, 1000)
    return path
