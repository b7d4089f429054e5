"""How much memory a restoration will take."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from invprior.errors import InvpriorError
from invprior.operator import Shape
from invprior.priors import DIP, Joint
from invprior.priors.presets import load, names, tasks
from invprior.solvers.mosaic import OVERLAP, tiles_along
from invprior.specs import PriorSpec

LIBRARIES = 0.6  # GB before the first picture

# GB a megapixel of three channels takes on the pixels: the peaks of whole commands
# (python -m tests.benchmarks.penalty_memory), and a tenth. The choice of a weight solves two pictures at once, but of a
# large one no more than so many megapixels.
PENALTIES = {"none": 0.3, "box": 0.3, "tikhonov": 0.3, "tv": 0.35, "tgv": 0.9, "wavelet": 1.0}
CHOOSING, AT_MOST = 2.2, 4.2
DEAREST = max(PENALTIES.values())

# GB that a megapixel of tiles takes while others are worked on: estimates, averages, data, weights and their moments.
WAITING = 0.25
TILE_STEP = 64


def installed() -> float:
    """The GB of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _network(spec: PriorSpec) -> DIP | None:
    prior = spec.generator.inner if isinstance(spec.generator, Joint) else spec.generator
    return prior if isinstance(prior, DIP) else None


def predicted(spec: PriorSpec, shape: Shape, tile: int | None = None) -> float:
    """The GB that a restoration to this shape will take, in tiles of ``tile`` pixels if not whole."""
    pixels = shape[-2] * shape[-1] / 1e6
    prior = _network(spec)
    if prior is None:
        channels = math.prod(shape[:-2]) / 3
        parts = (PENALTIES.get(name.strip(), DEAREST) for name in spec.name.split("+"))
        return LIBRARIES + max(parts) * channels * max(pixels, CHOOSING * min(pixels, AT_MOST))
    at_once = math.prod(min(n, tile or n) for n in shape[-2:]) / 1e6
    if at_once == pixels or tile is None:
        return LIBRARIES + prior.settings.memory * pixels
    tiles = math.prod(tiles_along(n, tile, min(OVERLAP, tile // 2)) for n in shape[-2:])
    waiting = WAITING + 4e-3 * prior.settings.input_channels
    return LIBRARIES + prior.settings.memory * at_once + waiting * tiles * at_once


def largest_tile(spec: PriorSpec, shape: Shape) -> int | None:
    """The largest tiles that fit into this machine; None where none does, or tiles save nothing."""
    if _network(spec) is None:
        return None
    sizes = range(TILE_STEP, min(max(shape[-2:]), 2**14), TILE_STEP)
    return max((n for n in sizes if predicted(spec, shape, n) < installed()), default=None)


def check_memory(
    spec: PriorSpec, shape: Shape, device: str, tile: int | None = None, remedies: Sequence[str] = ()
) -> float:
    """What is :func:`predicted`, where it fits.

    Raises
    ------
    InvpriorError
        If that is more than this machine has, with the presets that fit and the ``remedies`` of the caller.
    """
    need, have = predicted(spec, shape, tile), installed()
    if device != "cpu" or need <= have:
        return need
    prior = _network(spec)
    what, choices = f"prior {spec.name}", list(remedies)
    if prior is not None:
        what = f"preset {prior.preset}"
        named = [n for n in names() if prior.task in tasks(n)]
        fitting = [n for n in named if LIBRARIES + load(n, prior.task).memory * shape[-2] * shape[-1] / 1e6 < have]
        choices = [*([f"preset {' or '.join(fitting)}"] if fitting else []), *choices]
        choices = choices or ["prior tv"]
    remedy = f"take {', or '.join(choices)}" if choices else "shrink it, or cut it into parts"
    raise InvpriorError(
        f"a picture of {shape[-2] * shape[-1] / 1e6:.1f} megapixels with {what} needs about {need:.0f} GB and this "
        f"machine has {have:.0f}; {remedy}"
    )
