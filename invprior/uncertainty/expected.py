"""The standard error that each pixel of a solution is expected to have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from statistics import NormalDist

import torch
from torch import Tensor

from invprior.arguments import check_seed, checked
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.shapes import all_finite, check_tensor
from invprior.solvers.base import Solver
from invprior.solvers.recipe import Recipe
from invprior.solvers.result import Result
from invprior.stop import StopRule
from invprior.uncertainty.bootstrap import TINY, bootstrap
from invprior.uncertainty.calibration import Correction, by_held_out, by_holes, by_sure
from invprior.uncertainty.places import measured, measures_pixels, number_of_holes, unseen_channels

# Simulated measurements; a network costs too much for more.
DRAWS, OF_NETWORKS = 4, 2
# Added to the seed: with that of a simulated measurement its noise would be drawn again.
STREAM, LARGEST = 2_236_067_977, 2**62


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """How far a solution x̂ is expected to be from the truth.

    Attributes
    ----------
    standard
        The standard error √E|x̂ − x|² of each pixel, of the shape of x̂ and in its units, real.
    ratios
        A sample of |x̂ − x| over that, ascending, 1-D: errors have heavier tails than a Gaussian.
    off
        The standard deviation, of this picture, of its mean squared error over the expected one.
    """

    standard: Tensor
    ratios: Tensor
    off: float

    def of_picture(self, level: float) -> float:
        """What the root mean square error of the picture is below with a probability ``level``, from 0 to 1.

        Its square has a log-normal distribution around the mean square of ``standard``.
        """
        _check_level(level)
        usual = math.sqrt(float(self.standard.double().square().mean()))
        if level in (0, 1):  # the ends of every log-normal distribution
            return math.inf if level == 1 else 0.0
        return usual * math.exp(0.5 * math.sqrt(math.log1p(self.off**2)) * NormalDist().inv_cdf(level))

    def factor(self, level: float) -> float:
        """The q with |x̂ − x| ≤ q·``standard`` in a share ``level`` of the pixels, a number from 0 to 1."""
        _check_level(level)
        return float(self.ratios[min(int(level * self.ratios.numel()), self.ratios.numel() - 1)])

    def within(self, level: float) -> Tensor:
        """What the error stays within in a share ``level`` of the pixels: half of the interval around x̂."""
        return self.factor(level) * self.standard


@checked
def error_map(problem: Problem, result: Result, *, draws: int | None = None, seed: int = 0) -> ErrorMap:
    """The error that is expected at each pixel of a solution x̂, without the truth.

    The solution is taken as a truth: made half as large, turned, mirrored and shifted at random, measured again with
    new noise, and solved again with the same prior, solver and stop rule; the squared error of that, moved back, is
    averaged over draws and over neighbouring pixels. That is the equivariant bootstrap of Tachella & Pereyra (2024),
    with scale among the movements: what A has taken from the finest detail is there at half the size. Where each value
    measures one pixel, the mean square over measured pixels is then corrected by Stein's unbiased risk estimate, that
    over holes by measured pixels that are held out, each by one factor.

    The map is smooth: it tells what error is usual in a place, and no method knows the error of a single pixel. It
    trusts the noise model and the operator as they are given, and that the image looks alike at half its size. Priors
    that are tied to places, as those with a picture to guide them, lose their guide in it.

    How errors are distributed around that is told by the simulated measurements too: each one's errors over what the
    others say of their size. How far off the map as a whole may be is told by how certain the corrections are.

    Parameters
    ----------
    problem
        The problem, its prior with its weight.
    result
        Its solution, as :func:`~invprior.solve` returned it.
    draws
        Simulated measurements; 4 by default, 2 if a network is fitted. Up to two more solves correct them.
    seed
        Seed of all random numbers.

    Returns
    -------
    ErrorMap
        Of the shape of ``result.x``, real; of complex images the error of the modulus of the difference.

    Raises
    ------
    InvpriorError
        If the problem is no single picture, an operator is not linear, a channel is not measured at all, or the result
        was loaded from a file.

    References
    ----------
    - Tachella & Pereyra, "Equivariant bootstrapping for uncertainty quantification in imaging inverse problems",
      AISTATS 2024.
    - Stein, "Estimation of the mean of a multivariate normal distribution", Ann. Statist. 9 (1981).
    - Field, "Relations between the statistics of natural images and the response properties of cortical cells",
      J. Opt. Soc. Am. A 4 (1987): pictures look alike at all scales.
    """
    check_seed(seed)
    recipe = _checked(problem, result, draws)
    seeds = [(STREAM + seed + k) % LARGEST for k in range(2 + (_draws(problem) if draws is None else draws))]
    known, pixels = measured(problem), measures_pixels(problem)
    fitted, told = problem, None
    if pixels and not bool(known.all()):
        fitted, told = by_held_out(problem, recipe, seeds[0])
    found = bootstrap(fitted, result.x, recipe, seeds[2:])
    variance = found.at(known)
    over, in_holes = Correction(), Correction()
    if pixels:
        over = by_sure(problem, result.x, recipe, variance, seeds[1])
    if told is not None:
        expected = found.at(measured(fitted)).expand_as(told.places)[told.places]
        in_holes = by_holes(told, expected, number_of_holes(known))
    variance = torch.where(known, over.factor, in_holes.factor) * variance
    deviation = [c.off * float(variance[..., there].double().sum()) for c, there in ((over, known), (in_holes, ~known))]
    return ErrorMap(variance.sqrt(), found.ratios, math.hypot(*deviation) / max(float(variance.double().sum()), TINY))


def _check_level(level: float) -> None:
    if not isinstance(level, Real) or not 0 <= level <= 1:
        raise InvpriorError(f"a level is a share from 0 to 1, such as 0.9, got {level!r}")


def solves(problem: Problem) -> int:
    """How many solves a map takes."""
    corrections = 0
    if measures_pixels(problem):
        corrections = 1 if bool(measured(problem).all()) else 2
    return _draws(problem) + corrections


def _draws(problem: Problem) -> int:
    return OF_NETWORKS if problem.prior.fits_network else DRAWS


def _checked(problem: Problem, result: Result, draws: int | None) -> Recipe:
    """The solver and the stop rule of the result; raise if no map can be made of it."""
    if len(problem.shape) not in (2, 3) or problem.full_shape != problem.shape:
        raise InvpriorError(
            f"an error map is that of one picture, (C, H, W), got an image of shape {problem.full_shape}; take the "
            "pictures or frames one by one"
        )
    for d in problem.data_terms:
        if not isinstance(d.operator, LinearOperator):
            raise InvpriorError(f"an error map takes linear operators, and {d.operator!r} is not one")
    unseen, channels = unseen_channels(problem), math.prod(problem.shape[:-2])
    if 0 < unseen < channels:
        raise InvpriorError(
            f"{unseen} of {channels} channels are not measured, and no simulated measurement tells their error; map "
            "the other channels alone"
        )
    if draws is not None and draws < 1:
        raise InvpriorError(f"an error map takes one draw or more, got {draws}")
    check_tensor("the solution", result.x, problem.shape, problem.data_terms[0].y)
    if not all_finite(result.x):
        raise InvpriorError("the solution holds NaN or infinite values, and has no error map; see result.status")
    if not isinstance(result.solver, Solver) or not isinstance(result.stop, StopRule):
        raise InvpriorError("a loaded result does not hold its solver; solve the problem anew for its error map")
    return Recipe(result.solver, result.stop)
