"""How long a restoration will take: a few steps of it, timed on the middle of the picture itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.runs.forecast import Forecast
from invprior.runs.memory import tiling
from invprior.runs.restoration import Measured, Restoration, Restored
from invprior.shapes import Shape, Window
from invprior.solvers.iterate import Iterate
from invprior.solvers.recipe import Recipe
from invprior.stop.base import LIMIT
from invprior.weight.excerpt import size

# Sides of the windows that are timed, in pixels: the larger one where that takes no more than SHARE of the whole.
SIDES = (96, 192)
SHARE = 0.15
# A picture has so many windows at least, or is begun without a word.
PARTS = 8
# Iterations on a window that tell how many a penalty takes; beyond them it is forecast from its duality gap, up to
# twice as many: the gap of a window with few data falls late, and that of the whole picture does not wait for it.
TRIED, LONGER = 400, 2
# Steps that are timed; the first ones are slower. They are steps of a picture of NEAR×NEAR pixels, or the whole if it
# is smaller, where that takes no more than COST seconds and a solve takes MANY or more: those of a small window are
# slower for its pixels, and those of the whole of a large picture would leave memory in pieces.
WARM, STEPS, COST, MANY, NEAR = 2, 5, 8.0, 20, 1024
# Share of their limit that fits take if the noise level may end them, of a picture of USUAL_SIDE² pixels; it grows with
# the side (256², 512² and 512×768 pixels: 100, 200 to 240 and 300 of 400 steps). Without noise they run to the limit.
USUAL, USUAL_SIDE = 0.5, 512


@dataclass(frozen=True)
class Timed:
    """Seconds for a window of so many pixels: to choose the weight, and for each of the steps that a solve will take.

    Attributes
    ----------
    prior
        The prior with the weight that was chosen.
    """

    pixels: int
    prior: Prior
    weighing: float
    step: float
    steps: float

    @property
    def rate(self) -> float:
        """Seconds that a step takes for a pixel."""
        return self.step / self.pixels

    def of(self, pixels: int) -> float:
        """Seconds for a picture of so many pixels; a weight is chosen on a part of a large one."""
        return self.weighing * size(pixels) / self.pixels + self.steps * self.rate * pixels

    def worth(self, pixels: int) -> bool:
        """True if a few steps of a picture of so many pixels take little time, and a small part of all."""
        return self.steps >= MANY and STEPS * self.rate * pixels <= COST


def expected_seconds(
    measured: Measured, prior: Prior, restoration: Restoration, windows: Sequence[Window] = ()
) -> float | None:
    """Seconds that a restoration will take; None if the picture is too small to time a part of it, or cannot be cut.

    A prior of several takes the time of all: members of a blend share the processor. ``windows`` are the parts that
    are solved, if that is not the whole picture.
    """
    parts = [expected_seconds(measured, part, restoration, windows) for part in prior.parts]
    if prior.parts and not _guided(prior):
        known = [seconds for seconds in parts if seconds is not None]
        return sum(known) if len(known) == len(parts) else None
    shape: Shape = measured.data[0].operator.in_shape
    if not prior.any_size or prior.lift(shape) is not None or None in parts:
        return None
    pixels = sum(map(_area, windows)) if windows else _pixels(shape, measured, restoration)
    whole = Window(0, shape[-2], 0, shape[-1])
    found: Timed | None = None
    for side in SIDES:
        window = middle(shape, side, measured)
        if window is None and found is None and prior.parametrised and pixels < PARTS * SIDES[-1] ** 2:
            window = whole  # five steps of a small picture cost little
        if window is None or (found is not None and _area(window) / pixels > SHARE):
            break
        timed = _timed(measured, window, prior, restoration)
        if timed is None:
            break
        found = timed
    if found is None:
        return None
    told = found.of(pixels)
    near = _centre(shape, NEAR, measured)
    if not windows and found.pixels < _area(near) and found.worth(_area(near)):
        told += found.steps * pixels * (_seconds_a_pixel(measured, near, prior, found, restoration) - found.rate)
    return told + sum(seconds for seconds in parts if seconds is not None)


def _guided(prior: Prior) -> bool:
    """True if a network follows the one part of the prior."""
    return len(prior.parts) == 1 and prior.fits_network and not prior.parts[0].fits_network


def _fed(prior: Prior, measured: Measured) -> Prior:
    """The network of a guided prior, given the data themselves: what it is given is no matter for its time."""
    return prior.following(Problem.from_terms(measured.data, prior.parts[0]).back_projection())


def middle(shape: Shape, side: int, measured: Measured) -> Window | None:
    """The window of this side in the middle of a picture; None unless it is a small part of it."""
    H, W = shape[-2:]
    return None if PARTS * side * side > H * W or min(H, W) < side else _centre(shape, side, measured)


def _centre(shape: Shape, side: int, measured: Measured) -> Window:
    """The window in the middle, of this side or as long as the picture, at multiples of the operators' period."""
    period = max(d.operator.period for d in measured.data if isinstance(d.operator, LinearOperator))
    sides = [n if n <= side else side // period * period for n in shape[-2:]]
    top, left = ((n - m) // 2 // period * period for n, m in zip(shape[-2:], sides, strict=True))
    return Window(top, top + sides[0], left, left + sides[1])


def windowed(measured: Measured, window: Window) -> Measured | None:
    """The measurements that depend on pixels of the window only; None if an operator cannot be restricted."""
    if (window.height, window.width) == measured.data[0].operator.in_shape[-2:]:
        return measured
    parts = [d.on_window(window) for d in measured.data]
    known = tuple(d for d in parts if d is not None)
    return replace(measured, data=known) if len(known) == len(parts) else None


def _pixels(shape: Shape, measured: Measured, restoration: Restoration) -> int:
    """Pixels that are solved: where tiles overlap, more than the picture has."""
    overlap = restoration.overlap(measured.data)
    if restoration.tile is None or overlap is None:
        return int(shape[-2] * shape[-1])
    tiles = tiling(shape, restoration.tile, overlap)
    return tiles.number * tiles.height * tiles.width


def _timed(measured: Measured, window: Window, prior: Prior, restoration: Restoration) -> Timed | None:
    part = windowed(measured, window)
    if part is None or not all(bool(d.observed.any()) for d in part.data):
        return None
    alone = replace(restoration, tile=None)
    forecasts: list[Forecast] = []

    def note(iterate: Iterate) -> None:
        if not forecasts:
            forecasts.append(Forecast(alone.recipe(iterate.problem).stop))
        forecasts[0].note(iterate)

    try:
        if _guided(prior):
            prior = _fed(prior, part)
        if prior.parametrised:
            restored, step = _stepped(part, prior, alone)
            recipe = replace(alone, iterations=None).recipe(restored.problem)
            shape = measured.data[0].operator.in_shape
            steps = _steps(recipe, alone.iterations, part.exact, _at_once(shape, restoration.tile))
            return Timed(_area(window), restored.weighted.prior, restored.seconds_weight, step, steps)
        limit = min(TRIED, alone.iterations or TRIED)
        restored = replace(alone, iterations=limit).run(part, prior, callbacks=[note])
    except InvpriorError:  # what cannot be solved says so when it is solved
        return None
    result = restored.result
    done = result.iterations
    total = forecasts[0].total if result.status.name == LIMIT and forecasts else done
    steps = min(max(total or done, done), LONGER * done)
    return Timed(_area(window), restored.weighted.prior, restored.seconds_weight, result.seconds / done, steps)


def _seconds_a_pixel(measured: Measured, window: Window, prior: Prior, found: Timed, restoration: Restoration) -> float:
    """Seconds that a step takes for a pixel of a larger window than the one that was found; of that one on failure."""
    part = windowed(measured, window)
    if part is None:
        return found.rate
    try:
        # the weight is no matter for the time of a step, but the input of a guided network has the size of the picture
        same = _fed(prior, part) if _guided(prior) else found.prior
        return _stepped(part, same, replace(restoration, tile=None, weight="own"))[1] / _area(window)
    except InvpriorError:
        return found.rate


def _stepped(measured: Measured, prior: Prior, restoration: Restoration) -> tuple[Restored, float]:
    """A few steps, and the seconds of one of them; a solve may end before."""
    at = [0.0]

    def note(iterate: Iterate) -> None:
        at.append(iterate.seconds)

    restored = replace(restoration, iterations=STEPS).run(measured, prior, callbacks=[note])
    warm = min(WARM, max(len(at) - 2, 0))
    return restored, (at[-1] - at[warm]) / max(len(at) - 1 - warm, 1)


def _at_once(shape: Shape, tile: int | None) -> int:
    """Pixels that are fitted together: those of a tile, or of the picture."""
    height, width = (min(n, tile or n) for n in shape[-2:])
    return height * width


def _steps(recipe: Recipe, limit: int | None, exact: bool, pixels: int) -> float:
    """The steps that a fit of so many pixels usually takes: rules beside its limit end it where there is noise."""
    most = recipe.stop.most or STEPS
    share = min(USUAL * pixels**0.5 / USUAL_SIDE, 1.0)
    usual = share * most if recipe.may_end_early and not exact else most
    return usual if limit is None else min(limit, usual)


def _area(window: Window) -> int:
    return window.height * window.width
