"""Joining pieces of film, with the times, the turn, the other tracks and the metadata of the film they come from."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av

from invprior.errors import InvpriorError
from invprior.io.video.clip import Clip
from invprior.io.video.source import address, first_line, is_transparent, opened, pictures
from invprior.io.video.tracks import chapters, describe, others, tags
from invprior.io.whole import whole_file

# The muxer writes no random identifiers, so the same pieces give the same file, bit for bit.
EXACT = {"fflags": "bitexact"}


def join(path: Path, pieces: Sequence[Path], clip: Clip) -> int:
    """Write pieces, which hold the first frames of ``clip`` in order, as one film; return its number of frames.

    Pictures, audio and subtitles are copied, not encoded again. Where the film goes on before
    the first frame or after the last one written, theirs are left out.

    Raises
    ------
    InvpriorError
        If the file cannot be written.
    """
    try:
        with (
            whole_file(path) as temporary,
            opened(clip.path) as source,
            av.open(address(temporary), "w", options=EXACT) as out,
        ):
            return _join(out, pieces, clip, source)
    except (av.FFmpegError, OSError) as error:
        raise InvpriorError(f"cannot write {path}: {first_line(error)}") from error


def _join(out: Any, pieces: Sequence[Path], clip: Clip, source: Any) -> int:
    film, tracks = declare(out, pieces[0], clip, source)
    written = 0
    done = sum(_count(p) for p in pieces)
    sound = _sound(source, tracks, clip, done) if tracks else iter(())
    for _, packet in heapq.merge(_pictures(pieces, film, clip), sound, key=lambda timed: timed[0]):
        written += packet.stream is film
        out.mux(packet)
    return written


def declare(out: Any, piece: Path, clip: Clip, source: Any) -> tuple[Any, dict[int, Any]]:
    """Give a new file the metadata, chapters and tracks of a film; return its pictures and its copied tracks.

    The copied tracks bear the numbers that they have in ``source``.
    """
    out.metadata.update(tags(source.metadata))
    if marks := chapters(source, clip):
        out.set_chapters(marks)
    with av.open(address(piece)) as first:
        template = first.streams.video[0]
        new = out.add_stream_from_template(template)
        describe(new, pictures(source))
        if is_transparent(template):
            new.metadata["alpha_mode"] = "1"  # else a WebM would not say that it has transparency
    new.time_base = clip.time_base
    if clip.matrix is not None:
        new.set_display_matrix(clip.matrix)
    tracks = {}
    for stream in others(source, out.supported_codecs)[0]:
        tracks[stream.index] = out.add_stream_from_template(stream)
        describe(tracks[stream.index], stream)
    return new, tracks


def _count(piece: Path) -> int:
    with av.open(address(piece)) as part:
        return sum(p.pts is not None for p in part.demux(part.streams.video[0]))


def _pictures(pieces: Sequence[Path], stream: Any, clip: Clip) -> Iterator[tuple[float, Any]]:
    start = clip.times[0] if clip.first else 0
    n = 0
    for piece in pieces:
        with av.open(address(piece)) as part:
            for packet in part.demux(part.streams.video[0]):
                if packet.pts is None:  # the demuxer's end marker
                    continue
                packet.time_base = clip.time_base
                packet.pts = packet.dts = clip.times[n] - start
                packet.duration = clip.durations[n]
                packet.stream = stream
                n += 1
                yield float(packet.pts * clip.time_base), packet


def _sound(source: Any, streams: dict[int, Any], clip: Clip, done: int) -> Iterator[tuple[float, Any]]:
    """The packets of audio and subtitles that belong to the first ``done`` frames, with their times in seconds."""
    begin = float(clip.times[0] * clip.time_base) if clip.first else -math.inf
    goes_on = done < len(clip) or clip.cut
    end = float((clip.times[done - 1] + clip.durations[done - 1]) * clip.time_base) if goes_on else math.inf
    for packet in source.demux(*(s for s in source.streams if s.index in streams)):
        if packet.pts is None or not begin <= float(packet.pts * packet.time_base) < end:
            continue
        if clip.first:
            shift = round(begin / packet.time_base)
            packet.pts -= shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        time = float((packet.pts if packet.dts is None else packet.dts) * packet.time_base)
        packet.stream = streams[packet.stream_index]
        yield time, packet
