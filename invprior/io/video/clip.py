"""The metadata of a film: format, colour, and when each frame is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from invprior.errors import InvpriorError
from invprior.io.video.formats import bits, has_alpha, is_rgb
from invprior.io.video.source import damaged, decoded, opened, pictures
from invprior.io.video.transparency import opacity

WHOLE = (0, None)
# The numbers of H.273 for colour tags that are not there: range, and matrix, primaries and transfer.
UNSPECIFIED = 2
UNTAGGED = (0, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED)
# By so many frames the last packet of a complete file may end before the stated length, and by so many more where its
# own length is not known; in seconds at most BREAK.
SLACK, UNKNOWN, BREAK = 0.6, 1.0, 0.15


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
    alpha
        True if some pixel is transparent.
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
    alpha: bool
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
        return bits(self.format)

    @property
    def end(self) -> int:
        """End of the last frame, in units of ``time_base`` seconds."""
        return self.times[-1] + self.durations[-1]


def read_clip(path: str | Path, frames: tuple[int, int | None] = WHOLE) -> Clip:
    """Decode a film once and note its frames, so that every fault of the file is reported before any work is done.

    Parameters
    ----------
    path
        Any file that FFmpeg reads; its first video track that is no cover is used.
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
        stream = pictures(container)
        shown: list[Any] = []
        reformatter = VideoReformatter()
        alpha = False
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
            if n >= first and not alpha and has_alpha(head.format):
                alpha = bool((opacity(frame, reformatter) < 1).any())
        if head is None:
            raise InvpriorError(f"{path} holds no frames")
        if first >= len(shown):
            raise InvpriorError(f"{path} holds {len(shown)} frames, and none from number {first} on")
        times, durations = _times(path, shown, head)
        if stop is None:
            _check_whole(path, len(shown))
    return replace(
        head, first=first, alpha=alpha, cut=stop is not None, times=times[first:], durations=durations[first:]
    )


def _size(frame: Any) -> tuple[int, int]:
    return frame.width, frame.height


def _size_of(clip: Clip) -> tuple[int, int]:
    """Width and height as stored."""
    return (clip.height, clip.width) if clip.turn % 2 else (clip.width, clip.height)


def _describe(path: Path, stream: Any, frame: Any) -> Clip:
    """The metadata of a film, read from its first frame; the times are still missing."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know all kinds of FFmpeg's side data, those of a TIFF's frames among them
        matrix = None
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
        alpha=False,
        colour=_colour(stream.codec_context, frame),
        aspect=stream.sample_aspect_ratio,
    )


def _colour(stored: Any, frame: Any) -> Colour:
    """The colour tags of a frame, or else those of the file around it."""
    space = frame.colorspace if frame.colorspace != UNSPECIFIED else stored.colorspace
    if space == 0 and not is_rgb(frame.format.name):  # a tag of RGB on other pixels is a mistake
        space = UNSPECIFIED
    return Colour(
        frame.color_range or stored.color_range,
        space,
        frame.color_primaries if frame.color_primaries != UNSPECIFIED else stored.color_primaries,
        frame.color_trc if frame.color_trc != UNSPECIFIED else stored.color_trc,
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
        # the length counts from time 0, whenever the first frame is shown
        packets = [p for p in container.demux() if p.pts is not None]
        ends = [(float((p.pts + (p.duration or 0)) * p.time_base), bool(p.duration)) for p in packets]
        shown = sorted(float(p.pts * p.time_base) for p in packets if p.stream.type == "video")
        end, known = max(ends, default=(0.0, True))
        frame = median([b - a for a, b in pairwise(shown)] or [BREAK])
        slack = min(BREAK, frame * (SLACK if known else SLACK + UNKNOWN))
        if end + slack < container.duration / av.time_base:
            raise InvpriorError(damaged(path, n))
