"""Joining pieces of film, with the times, the audio and the turn of the film they were made from."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av

from invprior.errors import InvpriorError
from invprior.io.video.clip import Clip, first_line, opened
from invprior.io.whole import whole_file

# Metadata about the source file itself, which is not copied.
OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}

# The muxer writes no random identifiers, so the same pieces give the same file, bit for bit.
EXACT = {"fflags": "bitexact"}


def join(path: Path, pieces: Sequence[Path], clip: Clip) -> int:
    """Write pieces, which hold the first frames of ``clip`` in order, as one film; return its number of frames.

    Pictures and audio are copied, not encoded again. Where the film goes on before the first frame or after the last
    one written, its audio is left out.

    Raises
    ------
    InvpriorError
        If the file cannot be written.
    """
    try:
        with (
            whole_file(path) as temporary,
            opened(clip.path) as source,
            av.open(str(temporary), "w", options=EXACT) as out,
        ):
            return _join(out, pieces, clip, source)
    except (av.FFmpegError, OSError) as error:
        raise InvpriorError(f"cannot write {path}: {first_line(error)}") from error


def _join(out: Any, pieces: Sequence[Path], clip: Clip, source: Any) -> int:
    out.metadata.update({k: v for k, v in source.metadata.items() if k not in OF_THE_FILE})
    with av.open(str(pieces[0])) as first:
        pictures = out.add_stream_from_template(first.streams.video[0])
    pictures.time_base = clip.time_base
    if clip.matrix is not None:
        pictures.set_display_matrix(clip.matrix)
    audio = {s.index: out.add_stream_from_template(s) for s in source.streams.audio}
    written = 0
    done = sum(_count(p) for p in pieces)
    sound = _sound(source, audio, clip, done) if audio else iter(())
    for _, packet in heapq.merge(_pictures(pieces, pictures, clip), sound, key=lambda timed: timed[0]):
        written += packet.stream is pictures
        out.mux(packet)
    return written


def _count(piece: Path) -> int:
    with av.open(str(piece)) as part:
        return sum(p.pts is not None for p in part.demux(part.streams.video[0]))


def _pictures(pieces: Sequence[Path], stream: Any, clip: Clip) -> Iterator[tuple[float, Any]]:
    start = clip.times[0] if clip.first else 0
    n = 0
    for piece in pieces:
        with av.open(str(piece)) as part:
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
    """The audio packets that belong to the first ``done`` frames, with their times in seconds."""
    begin = float(clip.times[0] * clip.time_base) if clip.first else -math.inf
    goes_on = done < len(clip) or clip.cut
    end = float((clip.times[done - 1] + clip.durations[done - 1]) * clip.time_base) if goes_on else math.inf
    for packet in source.demux(*source.streams.audio):
        if packet.pts is None or not begin <= float(packet.pts * packet.time_base) < end:
            continue
        if clip.first:
            shift = round(begin / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        time = float(packet.dts * packet.time_base)
        packet.stream = streams[packet.stream_index]
        yield time, packet
