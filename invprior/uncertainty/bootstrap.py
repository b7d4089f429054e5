"""The squared error that a solver makes on images like the one it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.recipe import Recipe
from invprior.uncertainty.again import measured_anew, solved
from invprior.uncertainty.movement import Movement
from invprior.uncertainty.places import kinds, measured
from invprior.uncertainty.smoothing import local_mean

# Standard deviation in pixels of the window over which squared errors are averaged.
SPREAD = 4.0
# Share of an error that is the mean over the image: that no draw erred in a place does not make it safe.
COMMON = 0.2
# One octave, whatever A has taken: pictures are not so much alike over two, and the error is then overestimated.
ZOOM = 2
# Pixels along a side below which an image is not made smaller.
LEAST_SIDE = 8
# Expected squared errors below this count as this.
TINY = 1e-30


# Errors of a simulated measurement that its distribution is told by: the tails of more change nothing.
SAMPLE = 2**18
# Places below which a distribution is told by worse ones too.
ENOUGH = 200


@dataclass(frozen=True, eq=False)
class Expected:
    """The mean squared error of each pixel (..., H, W), as if all pixels were of one kind, by kinds of places.

    Attributes
    ----------
    ratios
        A sample of errors over their expected root mean square, ascending: simulated errors over what the other
        simulated measurements tell of them.
    """

    by_kind: dict[int, Tensor]
    ratios: Tensor

    def at(self, known: Tensor) -> Tensor:
        """The mean squared error where these pixels are measured; a kind that was never met is the next one met."""
        kind = kinds(known)
        met = torch.tensor(sorted(self.by_kind), device=kind.device)
        nearest = met[(kind.unsqueeze(-1) - met).abs().argmin(-1)]
        total = torch.zeros_like(next(iter(self.by_kind.values())))
        for k, values in self.by_kind.items():
            total = torch.where(nearest == k, values, total)
        return total


@dataclass(frozen=True, eq=False)
class _Draw:
    """A simulated measurement: squared errors where the image has moved, and how much of each pixel was known."""

    movement: Movement
    error: Tensor
    told: Tensor

    def back(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """The sum of squared errors, and their number, of these places (H, W) where the image was before."""
        # what fills a hole is smooth, and easy to fill again
        weight = torch.where(places, self.told, 0)
        return self.movement.back(weight * self.error), self.movement.back(weight)

    def best_told(self, places: Tensor) -> Tensor:
        """Those of these places (H, W) where most of the image was known before it moved, if they are not too few."""
        best = places & (self.told > 0.5 * torch.where(places, self.told, 0).max())
        return best if int(best.count_nonzero()) >= ENOUGH else places


def bootstrap(problem: Problem, x: Tensor, recipe: Recipe, draws: Sequence[int]) -> Expected:
    """The squared error of the solver where x, moved, is the truth: the mean over draws, each with its seed.

    Raises
    ------
    InvpriorError
        If no draw can be solved.
    """
    known = measured(problem)
    kind = kinds(known)
    made = [draw for seed in draws if (draw := _draw(problem, x, recipe, known, seed)) is not None]
    if not made:
        raise InvpriorError("the solver diverged on every simulated measurement, so that its error cannot be told")
    by_kind, ratios = {}, []
    for k in kind.unique().tolist():
        parts = [draw.back(kind == k) for draw in made]
        total, count = (torch.stack(each).sum(0) for each in zip(*parts, strict=True))
        by_kind[k] = _local(total, count)
        for draw, (errors, number) in zip(made, parts, strict=True):
            # an error counts for its own mean: with others alone its tail is seen
            others = by_kind[k] if len(made) == 1 else _local(total - errors, count - number)
            ratios.append(_sampled(draw.error / draw.movement.there(others).clamp(min=TINY), draw.best_told(kind == k)))
    return Expected(by_kind, torch.cat(ratios).sqrt().sort().values)


def _draw(problem: Problem, x: Tensor, recipe: Recipe, known: Tensor, seed: int) -> _Draw | None:
    """One simulated measurement; None if its solve diverged."""
    H, W = known.shape
    rng = torch.Generator().manual_seed(seed)
    movement = Movement.drawn((H, W), ZOOM if min(H, W) >= ZOOM * LEAST_SIDE else 1, rng)
    truth = movement.there(x)
    found = solved(measured_anew(problem, truth, rng), recipe, seed)
    if found is None:
        return None
    error = (found - truth).abs().square()
    return _Draw(movement, error, movement.there(known.to(error.dtype)))


def _sampled(values: Tensor, places: Tensor) -> Tensor:
    values = values[..., places].flatten()
    return values[:: max(1, values.numel() // SAMPLE)]


def _local(total: Tensor, count: Tensor) -> Tensor:
    mean = total.sum((-2, -1), keepdim=True) / count.sum().clamp(min=1e-3)
    return (1 - COMMON) * local_mean(total, count.expand_as(total), SPREAD) + COMMON * mean
