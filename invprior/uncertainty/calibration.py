"""One factor on the expected squared error, by what the data themselves tell of it, and how certain it is then."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.noise import Gaussian
from invprior.problem import Problem
from invprior.solvers.clipped import left_by_clipping
from invprior.solvers.judgement import scatter
from invprior.solvers.recipe import Recipe
from invprior.solvers.splitting import held_out
from invprior.uncertainty.again import solved, with_data
from invprior.weight.sure import probe

# ε in the divergence: a network's answer to less is lost in that of its random start.
STEP = 0.2
# The bootstrap's own mean square is right to about this share.
OFF = 0.3
# Factors beyond these are not believed: Stein's estimate stands on the σ that was given, held-out pixels hardly do.
MOST, MOST_IN_HOLES = 2.0, 8.0
# The variance that clipping has taken off the noise is known to this share.
UNSURE = 0.3
# The mean squared error of one hole over the expected one, of those of its kind: its standard deviation.
EACH = 2.0
# Measured pixels below which none is held out.
ENOUGH = 100


@dataclass(frozen=True)
class Correction:
    """What expected squared errors are multiplied by.

    Attributes
    ----------
    off
        The standard deviation of their true mean over the corrected one.
    """

    factor: float = 1.0
    off: float = OFF


def correction(told: Tensor, expected: Tensor, deviation: float, most: float) -> Correction:
    """The correction by unbiased estimates of the same errors.

    The true mean over the expected one is 1 ± ``OFF`` by itself, and what is told of it has an error: the correction is
    the mean of both, each as far as it is certain.

    Parameters
    ----------
    told, expected
        The estimates, and what the bootstrap says in the same places.
    deviation
        The standard deviation of the mean of ``told``.
    most
        The largest factor. One below its inverse is not believed, and the factor is 1. What lies beyond is uncertainty.
    """
    mean = float(expected.double().mean())
    if not told.numel() or mean <= 0:
        return Correction()
    ratio, deviation = float(told.double().mean()) / mean, deviation / mean
    believed = OFF**2 / (OFF**2 + deviation**2)
    c = 1 + (min(ratio, most) - 1) * believed
    if c < 1 / most:  # the noise is not what it was said to be
        return Correction(off=max(OFF, min(1 - c, 1.0)))
    beyond = max(ratio - most, 0.0) * believed
    return Correction(c, math.hypot(OFF * math.sqrt(1 - believed), beyond) / c)


def by_sure(problem: Problem, x: Tensor, recipe: Recipe, expected: Tensor, seed: int) -> Correction:
    """The correction for measured pixels, from Stein's estimate of the squared error; A is diagonal.

    |A x̂ − y|² − v + 2 √v b (A x̂(y + ε√v b) − A x̂(y))/ε,   b ~ N(0, 1)

    It is that of the mean of y: where data are clipped, v is what is left of the noise, and the square of what clipping
    has moved the mean by is added.
    """
    (d,) = problem.data_terms
    left = left_by_clipping(d)
    noisy = d if left is None else replace(d, noise=Gaussian(left.deviation))
    direction = probe(noisy, STEP, torch.Generator().manual_seed(seed))
    moved = solved(with_data(problem, [replace(d, y=d.y + STEP * direction)]), recipe, seed)
    if moved is None:
        return Correction()
    A, seen = d.operator, d.observed
    with torch.no_grad():
        divergence = (direction.conj() * (A(moved) - A(x))).real / STEP
        told = d.residual(x).abs().square() - noisy.variance + 2 * divergence
        told = (told if left is None else told + left.moved.square())[seen]
        gain = A(torch.ones_like(x)).abs().square()
    taken = 0.0 if left is None else float((d.variance - noisy.variance).mean())
    return correction(told, (gain * expected)[seen], math.hypot(_deviation(told), UNSURE * taken), MOST)


@dataclass(frozen=True, eq=False)
class Missed:
    """What pixels that were held out are missed by, squared; where they are, and the number of their hole."""

    values: Tensor
    places: Tensor
    groups: Tensor | None


def by_held_out(problem: Problem, recipe: Recipe, seed: int) -> tuple[Problem, Missed | None]:
    """The problem without some of its pixels, and what its solution misses them by.

    That is None where too few pixels are measured, or one tells of another.
    """
    (d,) = problem.data_terms
    if d.noise.correlation is not None or int(d.observed.count_nonzero()) < ENOUGH:
        return problem, None
    kept, watched = held_out(d, d, torch.Generator().manual_seed(seed))
    thinned = with_data(problem, [kept])
    found = solved(thinned, recipe, seed)
    if found is None:
        return problem, None
    places = (watched.counts & d.observed).expand_as(d.y)
    groups = None
    if watched.groups is not None:
        numbers = torch.zeros_like(watched.counts, dtype=torch.long)
        numbers[watched.counts] = watched.groups.long()
        groups = numbers.expand_as(d.y)[places]
    with torch.no_grad():
        told = (d.residual(found).abs().square() - d.variance)[places]
        gain = d.operator(torch.ones_like(found)).abs().square()[places].clamp(min=1e-12)
    return thinned, Missed(told / gain, places, groups)


def by_holes(told: Missed, expected: Tensor, holes: float) -> Correction:
    """The correction for so many holes, from the squared errors of pixels that were held out."""
    made = correction(told.values, expected, _deviation(told.values, told.groups), MOST_IN_HOLES)
    return replace(made, off=math.hypot(made.off, EACH / math.sqrt(holes)))


def _deviation(values: Tensor, groups: Tensor | None = None) -> float:
    """The standard deviation of the mean of values, those of a group being alike."""
    if values.numel() < 2:
        return math.inf
    off = (values.double() - values.double().mean()).cpu().numpy()[None]
    return math.sqrt(float(scatter(off, groups)[0, 0]))
