"""What of a film the written one will not have, in words, known before any work is done."""

from __future__ import annotations

import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import av
import torch
from av.stream import Disposition

from invprior.errors import InvpriorError
from invprior.io.video.clip import UNTAGGED, Clip, read_clip
from invprior.io.video.encode import Coding, encode, muxer
from invprior.io.video.formats import has_alpha, is_rgb, losses
from invprior.io.video.join import declare
from invprior.io.video.source import address, first_line, is_interlaced, opened, pictures
from invprior.io.video.tracks import chapters, name, others, tags, titled

# Dispositions that a player shows or chooses by.
SAID = Disposition["default"] | Disposition["forced"] | Disposition["comment"] | Disposition["hearing_impaired"]
SAID |= Disposition["visual_impaired"] | Disposition["dub"] | Disposition["original"]


def left_out(target: Path, clip: Clip, coding: Coding) -> list[str]:
    """What of ``clip`` a film in the file ``target`` will not have; empty if it keeps everything.

    One frame is encoded and written with everything beside it, and what does not come back is named.

    Raises
    ------
    InvpriorError
        If the kind of file cannot hold a track that is copied.
    """
    with tempfile.TemporaryDirectory() as folder, opened(clip.path) as source:
        trial = Path(folder) / f"trial{target.suffix.lower()}"
        try:
            tracks, left = _write(trial, clip, coding, source)
        except (av.FFmpegError, ValueError, OSError) as error:
            raise InvpriorError(
                f"a {target.suffix} file cannot hold the tracks of {clip.path}: {first_line(error)}; take .mkv"
            ) from error
        with opened(trial) as written:
            besides = [name(s) for s in left] + _of_file(source, written, clip)
            for old, new in zip(tracks, written.streams, strict=False):
                besides += _of_track(old, new)
        return losses(clip.format, clip.alpha, coding.format) + _of_pictures(clip, coding, trial) + _once(besides)


def _write(trial: Path, clip: Clip, coding: Coding, source: Any) -> tuple[list[Any], list[Any]]:
    """Write one frame and a packet of each copied track; return the tracks in the order written, and those left."""
    piece = trial.with_suffix(".piece.mkv")
    encode(piece, torch.zeros(1, 4 if has_alpha(coding.format) else 3, clip.height, clip.width), clip, coding)
    with av.open(address(trial), "w", format=muxer(trial.suffix)) as out, av.open(address(piece)) as part:
        copied, left = others(source, out.supported_codecs)
        film, tracks = declare(out, piece, clip, source)
        for packet in part.demux(part.streams.video[0]):
            if packet.pts is not None:
                packet.stream = film
                out.mux(packet)
        waiting = {s.index for s in copied if s.type == "audio"}  # some kinds of sound are described by a packet
        for packet in source.demux(*(s for s in copied if s.index in waiting)) if waiting else ():
            if packet.pts is not None and packet.stream_index in waiting:
                waiting.remove(packet.stream_index)
                packet.stream = tracks[packet.stream_index]
                packet.pts = packet.dts = 0
                out.mux(packet)
            if not waiting:
                break
    return [pictures(source), *copied], left


def _of_file(source: Any, written: Any, clip: Clip) -> list[str]:
    kept = {k.lower(): v for k, v in written.metadata.items()}
    lost = [f"the tag {k}" for k, v in tags(source.metadata).items() if kept.get(k.lower()) != v]
    return lost + ["its chapters"] * (len(written.chapters()) < len(chapters(source, clip)))


def _of_track(old: Any, new: Any) -> list[str]:
    kept = titled(new)
    lost = [
        f"the {k} of a track of {old.type}"
        for k, v in titled(old).items()
        if k in ("language", "title") and v != "und" and kept.get(k) != v
    ]
    flags = Disposition(int(old.disposition) & ~int(new.disposition) & int(SAID))
    return lost + [f"the mark {flag.name!r} of a track of {old.type}" for flag in Disposition if flag in flags and flag]


def _of_pictures(clip: Clip, coding: Coding, trial: Path) -> list[str]:
    after = read_clip(trial)
    pairs = {
        "the rotation": (clip.turn, after.turn),
        "the shape of its pixels": (clip.aspect or 1, after.aspect or 1),
    }
    lost = [what for what, (before, now) in pairs.items() if before != now]
    tagged = [*zip(astuple(coding.colour), astuple(after.colour), UNTAGGED, strict=True)]
    if is_rgb(coding.format):  # whose range and matrix are known without a tag
        tagged = tagged[2:]
    lost += ["its fields (it becomes progressive)"] * is_interlaced(clip.path)
    return lost + ["its colour tags"] * any(a not in (none, b) for a, b, none in tagged)


def _once(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))
