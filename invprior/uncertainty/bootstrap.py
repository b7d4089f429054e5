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


@dataclass(frozen=True, eq=False)
class Expected:
    """The mean squared error of each pixel (..., H, W), as if all pixels were of one kind, by kinds of places."""

    by_kind: dict[int, Tensor]

    def at(self, known: Tensor) -> Tensor:
        """The mean squared error where these pixels are measured; a kind that was never met is the next one met."""
        kind = kinds(known)
        met = torch.tensor(sorted(self.by_kind), device=kind.device)
        nearest = met[(kind.unsqueeze(-1) - met).abs().argmin(-1)]
        total = torch.zeros_like(next(iter(self.by_kind.values())))
        for k, values in self.by_kind.items():
            total = torch.where(nearest == k, values, total)
        return total


def bootstrap(problem: Problem, x: Tensor, recipe: Recipe, draws: Sequence[int]) -> Expected:
    """The squared error of the solver where x, moved, is the truth: the mean over draws, each with its seed.

    Raises
    ------
    InvpriorError
        If no draw can be solved.
    """
    known = measured(problem)
    size = tuple(known.shape)
    kind = kinds(known)
    met = kind.unique().tolist()
    total = {k: torch.zeros_like(x.real) for k in met}
    count = {k: torch.zeros(size, dtype=x.real.dtype, device=x.device) for k in met}
    zoom = ZOOM if min(size) >= ZOOM * LEAST_SIDE else 1
    done = 0
    for seed in draws:
        rng = torch.Generator().manual_seed(seed)
        movement = Movement.drawn((size[0], size[1]), zoom, rng)
        truth = movement.there(x)
        found = solved(measured_anew(problem, truth, rng), recipe, seed)
        if found is None:
            continue
        done += 1
        error = (found - truth).abs().square()
        told = movement.there(known.to(error.dtype))  # what fills a hole is smooth, and easy to fill again
        for k in met:
            weight = torch.where(kind == k, told, 0)
            total[k] += movement.back(weight * error)
            count[k] += movement.back(weight)
    if not done:
        raise InvpriorError("the solver diverged on every simulated measurement, so that its error cannot be told")
    return Expected({k: _local(total[k], count[k]) for k in met})


def _local(total: Tensor, count: Tensor) -> Tensor:
    mean = total.sum((-2, -1), keepdim=True) / count.sum().clamp(min=1e-3)
    return (1 - COMMON) * local_mean(total, count.expand_as(total), SPREAD) + COMMON * mean
