"""Inpainting of the surroundings of holes alone: what lies further away has no part in what is filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from scipy.ndimage import find_objects, label
from torch import Tensor

from invprior.operators import Mask
from invprior.prior import Prior
from invprior.runs.checkpoint import Checkpoint
from invprior.runs.pace import windowed
from invprior.runs.restoration import Measured, Restoration, Restored, Watch
from invprior.shapes import Window
from invprior.solvers.loop import Callback

# Makes the whole picture of a part of it.
Whole = Callable[[Tensor], Tensor]

# Pixels around a hole: for penalties, where 32 give the whole picture's TV and TGV to 1e-3; for networks, which learn
# the picture from them, at least 96 and as many as the hole is wide.
MARGIN, OF_NETWORKS = 32, 96
# The surroundings of all holes are solved alone if they are at most this share of the picture, in this many windows.
SHARE, MOST = 0.5, 64


def around_holes(measured: Measured, prior: Prior) -> list[Window]:
    """Windows around the holes of a mask, none if the picture is better solved whole.

    That is so where known pixels are not exact, as their noise is then to be removed everywhere; where the prior holds
    data of the picture's size; and where the windows cover most of it.
    """
    A = measured.data[0].operator
    if not measured.exact or len(measured.data) > 1 or not isinstance(A, Mask) or not prior.any_size:
        return []
    hole = ~measured.data[0].observed
    hole = hole.flatten(0, -3).any(0) if hole.ndim > 2 else hole
    if not bool(hole.any()) or 2 * int(hole.sum()) > hole.numel():
        return []
    windows = joined(_boxes(hole, prior.fits_network))
    covered = sum(w.height * w.width for w in windows)
    return windows if len(windows) <= MOST and covered <= SHARE * hole.numel() else []


def restore_around(
    windows: Sequence[Window],
    restoration: Restoration,
    measured: Measured,
    prior: Prior,
    watch: Watch | None = None,
    callbacks: Callable[[Whole], Sequence[Callback]] = lambda whole: (),
    checkpoint: Checkpoint | None = None,
) -> Restored:
    """Restore the windows one by one, the largest first, and put them into the picture as it was measured.

    The weight of the first is that of all. The problem and the result are those of the first, with the image of the
    whole picture, the time of all, and the end of the last if the user ended it. ``callbacks`` gives those of a window,
    from what makes the whole picture of it.
    """
    x = measured.data[0].y.clone()
    done: list[Restored] = []
    for number, window in enumerate(sorted(windows, key=lambda w: -w.height * w.width)):
        part = windowed(measured, window)
        assert part is not None  # masks can be restricted
        weight = done[0].weighted.weight if done and not prior.calibrated else None
        settled = restoration if weight is None else replace(restoration, weight=weight)
        place = None if checkpoint is None else checkpoint.part(number)
        everyone = callbacks(partial(_pasted, x, window))
        done.append(settled.run(part, prior, watch=watch, callbacks=everyone, checkpoint=place))
        window.of(x).copy_(done[-1].x)
        if done[-1].interrupted:
            break
    first, last = done[0], done[-1]
    result = replace(
        first.result,
        x=x,
        status=last.result.status if last.interrupted else first.result.status,
        seconds=sum(d.result.seconds for d in done),
    )
    seconds_weight = sum(d.seconds_weight for d in done)
    return replace(first, x=x, result=result, seconds_weight=seconds_weight)


def _pasted(x: Tensor, window: Window, part: Tensor) -> Tensor:
    """The picture with a part in its place."""
    whole = x.clone()
    window.of(whole).copy_(part)
    return whole


def joined(windows: Sequence[Window]) -> list[Window]:
    """The windows, those that overlap replaced by the box of both until none do."""
    out: list[Window] = []
    for window in windows:
        merged = window
        while near := [w for w in out if _overlap(w, merged)]:
            out = [w for w in out if w not in near]
            merged = _hull([merged, *near])
        out.append(merged)
    return out


def _boxes(hole: Tensor, network: bool) -> list[Window]:
    """The box of each connected hole with its margin."""
    numbered, _ = label(hole.cpu().numpy())
    boxes = []
    for rows, columns in find_objects(numbered):
        size = max(rows.stop - rows.start, columns.stop - columns.start)
        boxes.append(_grown(rows, columns, max(OF_NETWORKS, size) if network else MARGIN, hole.shape))
    return boxes


def _grown(rows: slice, columns: slice, margin: int, shape: Sequence[int]) -> Window:
    H, W = shape
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    return Window(top, min(rows.stop + margin, H), left, min(columns.stop + margin, W))


def _overlap(a: Window, b: Window) -> bool:
    return a.top < b.bottom and b.top < a.bottom and a.left < b.right and b.left < a.right


def _hull(windows: Sequence[Window]) -> Window:
    return Window(
        min(w.top for w in windows),
        max(w.bottom for w in windows),
        min(w.left for w in windows),
        max(w.right for w in windows),
    )
