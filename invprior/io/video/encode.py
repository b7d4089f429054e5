"""Frames encoded as pieces of film, which are later joined without encoding them again."""

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
from invprior.io.video.clip import Clip, Colour
from invprior.io.video.formats import even, has_alpha, ranked
from invprior.io.video.pixels import stored_colour, to_frame
from invprior.io.video.source import WITH_ALPHA, address, first_line, opened
from invprior.io.video.tracks import codec as stream_codec
from invprior.io.whole import whole_file

# Default encoder of each kind of file.
CODECS = {".mp4": "libx264", ".m4v": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}

# The same for films with transparency, where there is one.
CODECS_WITH_ALPHA = {**CODECS, ".mov": "prores_ks", ".mkv": "libvpx-vp9"}

# Constant quality, finer than the encoders' defaults, so that restored detail survives.
QUALITY = {
    "libx264": {"crf": "14"},
    "libx265": {"crf": "16", "x265-params": "log-level=error"},
    "libvpx-vp9": {"crf": "20", "b": "0", "row-mt": "1", "auto-alt-ref": "0"},  # frames kept out of sight have no alpha
    "libvpx": {"crf": "10", "b": "8M", "auto-alt-ref": "0"},
    "libsvtav1": {"crf": "20"},
}

# Codecs that know one matrix, that of BT.601, and one range.
OF_BT601 = {"vp8": 1, "mjpeg": 2}


@dataclass(frozen=True)
class Coding:
    """How frames are encoded: FFmpeg's names of the encoder and of the pixel format, the tags, its options."""

    codec: str
    format: str
    colour: Colour
    options: dict[str, str] = field(default_factory=dict)

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns added to a stored frame so that its subsampled chroma fits."""
        rows, columns = even(self.format)
        return -height % rows, -width % columns


def check_coding(target: Path, clip: Clip, codec: str | None = None) -> Coding:
    """The coding for a film like ``clip`` in the file ``target``, tried on one frame.

    The pixel format is the one of the encoder's that loses least of the clip's own.

    Parameters
    ----------
    target
        The file to write; its suffix decides the kind of file.
    codec
        FFmpeg's name of an encoder; None for the default of the suffix.

    Raises
    ------
    InvpriorError
        If the suffix is unknown, this build of FFmpeg lacks the encoder, the encoder cannot encode such frames, or the
        kind of file cannot hold them or the clip's audio.
    """
    suffix = target.suffix.lower()
    if suffix not in CODECS:
        raise InvpriorError(f"cannot write {target}: the name must end in one of {', '.join(CODECS)}")
    codec = (CODECS_WITH_ALPHA if clip.alpha else CODECS)[suffix] if codec is None else codec
    try:
        encoder = av.Codec(codec, "w")
    except (UnknownCodecError, UnicodeError):
        raise InvpriorError(
            f"this build of FFmpeg has no encoder {codec!r}; leave the codec out for {CODECS[suffix]}"
        ) from None
    if encoder.type != "video":
        raise InvpriorError(f"{codec} encodes {encoder.type}, not pictures; leave the codec out for {CODECS[suffix]}")
    _check_holds(target, suffix, clip, encoder)
    failed = []
    for pixels in ranked(clip.format, clip.alpha, [f.name for f in encoder.video_formats or ()]):
        coding = Coding(codec, pixels, _colour(clip, pixels, encoder), QUALITY.get(codec, {}))
        try:  # not every format that an encoder names works with its settings
            _write(io.BytesIO(), torch.zeros(1, 3, clip.height, clip.width), clip, coding)
            return coding
        except (av.FFmpegError, ValueError, OSError) as error:
            failed.append(f"{codec} cannot encode {clip.width}×{clip.height} {pixels}: {first_line(error)}")
    raise InvpriorError(f"{failed[0]}; take another codec, such as {CODECS[suffix]}")


def encode(path: Path, frames: Tensor, clip: Clip, coding: Coding) -> None:
    """Write frames (T, 3, H, W), or (T, 4, H, W) with alpha, as a piece of film, whole or not at all.

    Its time stamps number the frames; :func:`~invprior.io.video.join.join` replaces them by those of the clip.
    """
    with whole_file(path) as temporary:
        _write(temporary, frames, clip, coding)


def resized(clip: Clip, factor: int) -> Clip:
    """The same film with frames ``factor`` times larger."""
    return replace(clip, width=clip.width * factor, height=clip.height * factor)


def _write(file: Any, frames: Tensor, clip: Clip, coding: Coding) -> None:
    reformatter = VideoReformatter()
    with av.open(file if isinstance(file, io.BytesIO) else address(file), "w", format=_piece(coding.codec)) as out:
        stream: Any = out.add_stream(
            coding.codec, rate=clip.rate.limit_denominator(100_000), options=dict(coding.options)
        )
        first = [to_frame(x, clip, coding.format, coding.colour, reformatter) for x in frames[:1]]
        stream.width, stream.height, stream.pix_fmt = first[0].width, first[0].height, coding.format
        context, c = stream.codec_context, coding.colour
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = (
            c.range,
            c.space,
            c.primaries,
            c.transfer,
        )
        if clip.aspect:
            context.sample_aspect_ratio = clip.aspect
        if has_alpha(coding.format) and stream.codec.canonical_name in WITH_ALPHA:
            stream.metadata["alpha_mode"] = "1"
        context.max_b_frames = 0  # frames are stored in the order shown, so pieces can be joined packet by packet
        context.time_base = Fraction(1) / clip.rate.limit_denominator(100_000)
        for n, x in enumerate(frames):
            frame = to_frame(x, clip, coding.format, coding.colour, reformatter)
            frame.pts, frame.time_base = n, context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _piece(codec: str) -> str:
    """The kind of file of a piece: Matroska, unless it does not take the codec."""
    name = av.Codec(codec, "w").canonical_name
    with av.open(io.BytesIO(), "w", format="matroska") as out:
        return "matroska" if name in out.supported_codecs else "mov"


def _colour(clip: Clip, pixels: str, encoder: Any) -> Colour:
    """The tags of the encoded frames."""
    colour = stored_colour(clip, pixels)
    span = OF_BT601.get(encoder.canonical_name)
    return colour if span is None else replace(colour, range=span, space=5)


def _check_holds(target: Path, suffix: str, clip: Clip, encoder: Any) -> None:
    with av.open(io.BytesIO(), "w", format=muxer(suffix)) as out:
        holds = out.supported_codecs
    if encoder.name not in holds and encoder.canonical_name not in holds:
        raise InvpriorError(f"a {suffix} file cannot hold {encoder.name}; leave the codec out for {CODECS[suffix]}")
    shown = [round(1000 * t * clip.time_base) for t in clip.times]
    if muxer(suffix) in ("matroska", "webm") and len(set(shown)) < len(shown):
        raise InvpriorError(f"a {suffix} file counts milliseconds, and frames of {clip.path} are closer; take .mp4")
    with opened(clip.path) as source:
        audio = {name for s in source.streams.audio if (name := stream_codec(s))}
    if lost := sorted(audio - holds):
        raise InvpriorError(f"{target} cannot hold the {', '.join(lost)} audio of {clip.path}; take .mkv")


def muxer(suffix: str) -> str:
    return {".m4v": "mp4", ".mkv": "matroska"}.get(suffix, suffix[1:])
