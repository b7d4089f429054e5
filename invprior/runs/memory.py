"""How much memory a restoration will take, and how much disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import invprior.machine as machine
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.shapes import Shape
from invprior.solvers.mosaic import OVERLAP, tiles_along

LIBRARIES = 0.6  # GB before the first picture

# Choosing a weight solves two pictures at once: it takes CHOOSING times the memory of a solve, on at most AT_MOST
# megapixels (python -m tests.benchmarks.penalty_memory measures whole commands).
CHOOSING, AT_MOST = 2.2, 4.2
TILE_STEP = 64
# Work of tiles, relative to the least, that is as good: larger tiles are fewer networks.
NEXT_TO = 1.05
# GB per megapixel of three channels for the arrays of the whole picture beside a network's tiles
# (python -m tests.benchmarks.tile_memory).
WHOLE = 0.15


class Tiling(NamedTuple):
    """A number of tiles of one size."""

    number: int
    height: int
    width: int


def predicted(prior: Prior, shape: Shape, tile: int | None = None) -> float:
    """Memory in GB that a restoration to this shape takes; ``tile`` is the side of its tiles, None if it is whole."""
    pixels = shape[-2] * shape[-1] / 1e6
    memory = prior.memory
    if not prior.parametrised:
        channels = math.prod(shape[:-2]) / 3
        return LIBRARIES + memory.step * channels * max(pixels, CHOOSING * min(pixels, AT_MOST))
    at_once = math.prod(min(n, tile or n) for n in shape[-2:]) / 1e6
    if at_once == pixels or tile is None:
        return LIBRARIES + memory.step * pixels
    # one tile is stepped at a time, and the others wait on disk
    return LIBRARIES + memory.step * at_once + beside(shape)


def beside(shape: Shape) -> float:
    """Memory in GB of the whole picture beside a part of it that is solved."""
    return WHOLE * math.prod(shape) / 3e6


def tiling(shape: Shape, tile: int, overlap: int) -> Tiling:
    """The tiles that a picture of this shape is restored in."""
    height, width = (min(n, tile) for n in shape[-2:])
    return Tiling(math.prod(tiles_along(n, tile, overlap) for n in shape[-2:]), height, width)


def on_disk(prior: Prior, tiles: Tiling) -> float:
    """Disk in GB that the tiles of a network take while they wait."""
    memory = prior.memory
    return tiles.number * (memory.waiting * tiles.height * tiles.width / 1e6 + memory.weights)


def best_tile(prior: Prior, shape: Shape, overlap: int = OVERLAP) -> int | None:
    """Side of the tiles of least work, or nearly, that fit into what is free; None if none fits or tiles save nothing.

    Work is the sum of their areas: tiles that are a little larger than half of the picture cover it nearly twice. Where
    nothing is free those count that fit into the machine once other programs end.
    """
    if not prior.parametrised:
        return None

    def work(n: int) -> int:
        tiles = tiling(shape, n, min(overlap, n // 2))
        return tiles.number * tiles.height * tiles.width

    sizes = range(TILE_STEP, min(max(shape[-2:]), 2**14), TILE_STEP)
    for have in (machine.free(), machine.memory()):
        if fitting := [n for n in sizes if predicted(prior, shape, n) < have]:
            least = min(map(work, fitting))
            return max(n for n in fitting if work(n) <= NEXT_TO * least)
    return None


def check_memory(
    prior: Prior, name: str, shape: Shape, device: str, tile: int | None = None, remedies: Sequence[str] = ()
) -> float:
    """Return the memory :func:`predicted`, in GB; on a CPU raise if there is less, see :mod:`invprior.machine`.

    Raises
    ------
    InvpriorError
        If there is less; the message offers settings of the prior that fit, and the caller's ``remedies``.
        ``name`` is the prior as written.
    """
    need, have = predicted(prior, shape, tile), machine.memory()
    if device != "cpu" or need <= have:
        return need
    pixels = shape[-2] * shape[-1] / 1e6
    fitting = prior.within((have - LIBRARIES) / pixels)
    choices = [*([] if fitting is None else [fitting]), *remedies]
    if not choices and prior.parametrised:
        choices = ["prior tv"]
    remedy = f"take {', or '.join(choices)}" if choices else "shrink it, or cut it into parts"
    raise InvpriorError(
        f"a picture of {pixels:.1f} megapixels with prior {name} needs about {need:.0f} GB and there are "
        f"{have:.1f} for it; {remedy}"
    )
