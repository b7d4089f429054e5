"""The metadata of a film: format, colour, and when each frame is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from invprior.errors import InvpriorError

WHOLE = (0, None)
# Seconds by which the last packet of a complete file may end before the stated length.
BREAK = 0.15


@dataclass(frozen=True)
class Colour:
    """The colour tags, as the numbers of ITU-T H.273 with 2 for "unspecified"; ``range`` is 1 limited, 2 full."""

    range: int
    space: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class Clip:
    """The metadata of a film and the times of its frames; the pixels stay in the file.

    Attributes
    ----------
    first
        Number of the clip's first frame in the file.
    cut
        True if the file may go on after the last frame.
    times, durations
        When each frame is shown and for how long, in units of ``time_base`` seconds.
    rate
        Mean number of frames per second.
    width, height
        Size as shown, after the turn.
    turn
        Quarter turns, counterclockwise, from the stored picture to the one shown.
    matrix
        The display matrix of that turn, nine integers, or None.
    format
        FFmpeg's name of the stored pixels, such as ``yuv420p``.
    aspect
        Width over height of a pixel as stored.
    """

    path: Path
    first: int
    cut: bool
    times: tuple[int, ...]
    durations: tuple[int, ...]
    time_base: Fraction
    rate: Fraction
    width: int
    height: int
    turn: int
    matrix: tuple[int, ...] | None
    format: str
    colour: Colour
    aspect: Fraction | None

    def __len__(self) -> int:
        return len(self.times)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one frame, (3, H, W)."""
        return 3, self.height, self.width

    @property
    def depth(self) -> int:
        """Bits per colour component."""
        return max(c.bits for c in av.VideoFormat(self.format).components)

    @property
    def end(self) -> int:
        """End of the last frame, in units of ``time_base`` seconds."""
        return self.times[-1] + self.durations[-1]


def read_clip(path: str | Path, frames: tuple[int, int | None] = WHOLE) -> Clip:
    """Decode a film once and note its frames, so that every fault of the file is reported before any work is done.

    Parameters
    ----------
    path
        Any file that FFmpeg reads; its first video track is used.
    frames
        The first frame and the one after the last, as in a slice; later frames are not read.

    Raises
    ------
    InvpriorError
        If the file is missing, is not a film, is damaged or truncated, has no frame in this range, changes its size or
        format, or needs a decoder that this build of FFmpeg lacks.
    """
    path = Path(path)
    first, stop = frames
    with opened(path) as container:
        stream = container.streams.video[0]
        shown: list[Any] = []
        head: Clip | None = None
        for n, frame in enumerate(islice(decoded(container, path), stop)):
            if head is None:
                head = _describe(path, stream, frame)
            elif (_size(frame), frame.format.name) != (_size_of(head), head.format):
                raise InvpriorError(
                    f"{path} changes from {head.format} {_size_of(head)} to {frame.format.name} {_size(frame)} "
                    f"at frame {n}; cut it there"
                )
            shown.append((frame.pts, frame.duration))
        if head is None:
            raise InvpriorError(f"{path} holds no frames")
        if first >= len(shown):
            raise InvpriorError(f"{path} holds {len(shown)} frames, and none from number {first} on")
        times, durations = _times(path, shown, head)
        if stop is None:
            _check_whole(path, len(shown))
    return replace(head, first=first, cut=stop is not None, times=times[first:], durations=durations[first:])


def opened(path: Path) -> Any:
    """Open a film and check that its first video track can be decoded; the caller closes it."""
    if not path.exists():
        raise InvpriorError(f"{path} does not exist")
    if path.is_dir():
        raise InvpriorError(f"{path} is a folder, not a film")
    try:
        container = av.open(str(path))
    except av.EOFError as error:
        raise InvpriorError(f"{path} holds no frames") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InvpriorError(f"{path} is not a film that can be read: {first_line(error)}") from error
    wrong = None
    if not container.streams.video:
        wrong = f"{path} holds no pictures, only {', '.join(s.type for s in container.streams) or 'nothing'}"
    elif container.streams.video[0].codec_context is None:
        wrong = f"this build of FFmpeg has no decoder for the pictures of {path}; convert them first"
    if wrong is not None:
        container.close()
        raise InvpriorError(wrong)
    return container


def decoded(container: Any, path: Path) -> Iterator[Any]:
    """The frames of the first video track; raise at a damaged one."""
    n = 0
    try:
        for packet in container.demux(container.streams.video[0]):
            if packet.is_corrupt:
                raise InvpriorError(_damaged(path, n))
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise InvpriorError(_damaged(path, n))
                n += 1
                yield frame
    except av.FFmpegError as error:
        raise InvpriorError(_damaged(path, n)) from error


def _damaged(path: Path, n: int) -> str:
    remedy = f"take the frames 0:{n} or repair it" if n else "repair it"
    return f"{path} is damaged or breaks off after {n} frames; {remedy}"


def first_line(error: Exception) -> str:
    """FFmpeg's message, without its error number and position."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]


def _size(frame: Any) -> tuple[int, int]:
    return frame.width, frame.height


def _size_of(clip: Clip) -> tuple[int, int]:
    """Width and height as stored."""
    return (clip.height, clip.width) if clip.turn % 2 else (clip.width, clip.height)


def _describe(path: Path, stream: Any, frame: Any) -> Clip:
    """The metadata of a film, read from its first frame; the times are still missing."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    turn = round(frame.rotation / 90) % 4
    width, height = _size(frame)
    return Clip(
        path=path,
        first=0,
        cut=False,
        times=(),
        durations=(),
        time_base=stream.time_base,
        rate=stream.average_rate or stream.guessed_rate or Fraction(25),
        width=height if turn % 2 else width,
        height=width if turn % 2 else height,
        turn=turn,
        matrix=None if matrix is None else tuple(np.frombuffer(bytes(matrix), dtype=np.int32).tolist()),
        format=frame.format.name,
        colour=Colour(frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc),
        aspect=stream.sample_aspect_ratio,
    )


def _times(path: Path, shown: list[Any], head: Clip) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Times and durations of the frames; a raw stream without times gets a constant rate."""
    step = max(1, round(1 / (head.rate * head.time_base)))
    times = [n * step if pts is None else pts for n, (pts, _) in enumerate(shown)]
    wrong = next((n for n in range(1, len(times)) if times[n] <= times[n - 1]), None)
    if wrong is not None:
        raise InvpriorError(f"frame {wrong} of {path} is shown no later than the one before; repair its timestamps")
    gaps = [b - a for a, b in pairwise(times)]
    return tuple(times), (*gaps, shown[-1][1] or (gaps[-1] if gaps else step))


def _check_whole(path: Path, n: int) -> None:
    """Raise if a Matroska file is truncated, which FFmpeg does not report: its packets end before its stated length."""
    with opened(path) as container:
        if "matroska" not in container.format.name or not container.duration:
            return
        ends = [float((p.pts + (p.duration or 0)) * p.time_base) for p in container.demux() if p.pts is not None]
        if max(ends, default=0.0) + BREAK < ((container.start_time or 0) + container.duration) / av.time_base:
            raise InvpriorError(_damaged(path, n))
