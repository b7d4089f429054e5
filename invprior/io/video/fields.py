"""Interlaced films: frames whose odd and even rows were taken at two times, made progressive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import av

# One frame a frame, whichever rows come first, and only those that are flagged.
DEINTERLACER, SETTINGS = "bwdif", "send_frame:auto:interlaced"


def progressive(frames: Iterable[Any], stream: Any) -> Iterator[Any]:
    """The frames of a track, those that are flagged as interlaced at the time of their first field.

    The missing rows are interpolated from the frame and its neighbours (bwdif of FFmpeg). Films without such frames
    pass as they are.
    """
    graph = None
    for frame in frames:
        if graph is None and frame.interlaced_frame:
            graph = _graph(frame, stream)
        if graph is None:
            yield frame
            continue
        graph.push(frame)
        yield from _ready(graph)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph)


def _graph(frame: Any, stream: Any) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=stream.time_base)
    steps = [source, graph.add(DEINTERLACER, SETTINGS), graph.add("buffersink")]
    for left, right in pairwise(steps):
        left.link_to(right)
    graph.configure()
    return graph


def _ready(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
