"""Frames as a piece of film, which is joined to others without being encoded again."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import torch
from av.codec.codec import UnknownCodecError
from av.video.reformatter import VideoReformatter
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io.video.clip import Clip, first_line, opened
from invprior.io.video.pixels import even, to_frame
from invprior.io.whole import whole_file

# What each kind of file is written with, where nobody says.
CODECS = {".mp4": "libx264", ".m4v": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}

# Constant quality, finer than the encoders' own: what a restoration brought out should stay.
QUALITY = {
    "libx264": {"crf": "14"},
    "libx265": {"crf": "16", "x265-params": "log-level=error"},
    "libvpx-vp9": {"crf": "20", "b": "0", "row-mt": "1"},
    "libsvtav1": {"crf": "20"},
}


@dataclass(frozen=True)
class Coding:
    """How frames become a file: encoder, its options, FFmpeg's name of the pixels."""

    codec: str
    format: str
    options: dict[str, str] = field(default_factory=dict)

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns that stored pictures get so that their chroma fits."""
        rows, columns = even(self.format)
        return -height % rows, -width % columns


def check_coding(target: Path, clip: Clip, codec: str | None = None) -> Coding:
    """The coding for a film like ``clip`` in the file ``target``, tried on one frame.

    The pixels stay in the clip's own format where the encoder has it.

    Parameters
    ----------
    target
        Its suffix says the kind of file.
    codec
        FFmpeg's name of an encoder; None for the usual one of the suffix.

    Raises
    ------
    InvpriorError
        If the suffix is not known, this build lacks the encoder or it cannot encode such frames, or the kind of file
        cannot hold it or the clip's audio.
    """
    suffix = target.suffix.lower()
    if suffix not in CODECS:
        raise InvpriorError(f"cannot write {target}: the name must end in one of {', '.join(CODECS)}")
    codec = codec or CODECS[suffix]
    try:
        encoder = av.Codec(codec, "w")
    except UnknownCodecError:
        raise InvpriorError(
            f"this build of FFmpeg has no encoder {codec!r}; leave the codec out for {CODECS[suffix]}"
        ) from None
    if encoder.type != "video":
        raise InvpriorError(f"{codec} encodes {encoder.type}, not pictures; leave the codec out for {CODECS[suffix]}")
    coding = Coding(codec, _format(encoder, clip), QUALITY.get(codec, {}))
    _check_holds(target, suffix, clip, encoder)
    try:
        _write(io.BytesIO(), torch.zeros(1, *clip.shape), clip, coding)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise InvpriorError(
            f"{codec} cannot encode {clip.width}×{clip.height} {coding.format}: {first_line(error)}; "
            f"take another codec, such as {CODECS[suffix]}"
        ) from error
    return coding


def encode(path: Path, frames: Tensor, clip: Clip, coding: Coding) -> None:
    """Write frames (T, 3, H, W) as a piece of film, whole or not at all, with the colour tags of ``clip``.

    Its times count the frames; :func:`~invprior.io.video.join.join` gives them those of the clip.
    """
    with whole_file(path) as temporary:
        _write(temporary, frames, clip, coding)


def resized(clip: Clip, factor: int) -> Clip:
    """The same film with pictures so many times larger."""
    return replace(clip, width=clip.width * factor, height=clip.height * factor)


def _write(file: Any, frames: Tensor, clip: Clip, coding: Coding) -> None:
    reformatter = VideoReformatter()
    with av.open(file if isinstance(file, io.BytesIO) else str(file), "w", format="matroska") as out:
        stream: Any = out.add_stream(
            coding.codec, rate=clip.rate.limit_denominator(100_000), options=dict(coding.options)
        )
        made = [to_frame(x, clip, coding.format, reformatter) for x in frames[:1]]
        stream.width, stream.height, stream.pix_fmt = made[0].width, made[0].height, coding.format
        context, c = stream.codec_context, clip.colour
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = (
            c.range,
            c.space,
            c.primaries,
            c.transfer,
        )
        if clip.aspect:
            context.sample_aspect_ratio = clip.aspect
        context.max_b_frames = 0  # frames are stored in the order shown, so that pieces join without a thought
        context.time_base = Fraction(1) / clip.rate.limit_denominator(100_000)
        for n, x in enumerate(frames):
            frame = to_frame(x, clip, coding.format, reformatter)
            frame.pts, frame.time_base = n, context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _format(encoder: Any, clip: Clip) -> str:
    """The clip's own pixels, else the commonest that hold as many bits."""
    known = [f.name for f in encoder.video_formats or ()]
    own = clip.format.replace("yuvj", "yuv")
    wanted = [own, *(["yuv420p10le"] if clip.depth > 8 else []), "yuv420p", *known]
    return next(f for f in wanted if f in known) if known else own


def _check_holds(target: Path, suffix: str, clip: Clip, encoder: Any) -> None:
    with av.open(io.BytesIO(), "w", format=_muxer(suffix)) as out:
        holds = out.supported_codecs
    if encoder.name not in holds and encoder.canonical_name not in holds:
        raise InvpriorError(f"a {suffix} file cannot hold {encoder.name}; leave the codec out for {CODECS[suffix]}")
    with opened(clip.path) as source:
        audio = {s.codec_context.codec.canonical_name for s in source.streams.audio}
    if lost := sorted(audio - holds):
        raise InvpriorError(f"{target} cannot hold the {', '.join(lost)} audio of {clip.path}; take .mkv")


def _muxer(suffix: str) -> str:
    return {".m4v": "mp4", ".mkv": "matroska"}.get(suffix, suffix[1:])
