"""Whether a structure of a restored image is in the data, by the credible region of a log-concave posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.explain.linear import check_linear
from invprior.explain.surroundings import around, contrast, filled, restricted
from invprior.linear_operator import LinearOperator
from invprior.noise import Gaussian
from invprior.operators import Mask
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.shapes import Shape, Window, check_tensor
from invprior.solvers.iterate import Iterate
from invprior.solvers.loop import solve
from invprior.solvers.pdhg import PDHG
from invprior.solvers.result import Result
from invprior.stop import MaxIterations, Status

# An image without the structure is the fill in the marked region, up to this share of the contrast.
CLOSE = 1e-3
# A solve ends once its gap is this share of the reach of the credible region; or, where images without the structure
# are beyond it for certain, the other share of their distance: a quarter of it at least is then proved.
ACCURATE, ROUGH, LIMIT = 0.01, 0.75, MaxIterations(3000)


@dataclass(frozen=True, eq=False)
class Structure:
    """The verdict on a structure.

    Attributes
    ----------
    in_data
        True: no image without the structure is in the credible region. False: nothing can be said.
    alpha
        The region holds the true image with a probability of 1 − alpha or more, if the prior is right.
    best
        f(x*), an upper bound.
    threshold
        γ: the credible region is {x: f(x) ≤ γ}.
    least
        A certified lower bound of f over all images without the structure.
    window
        The part of the picture that was looked at.
    without
        The image with the most probable one without the structure in its window.
    """

    in_data: bool
    alpha: float
    best: float
    threshold: float
    least: float
    window: Window
    without: Tensor = field(repr=False)

    @property
    def distance(self) -> float:
        """(least − best) / (γ − best): 1 where images without the structure are at the region's edge."""
        return max(self.least - self.best, 0.0) / (self.threshold - self.best)

    @property
    def sentence(self) -> str:
        """The verdict in a plain sentence."""
        if self.in_data:
            return (
                f"the structure is in the data: no image without it is credible at α = {self.alpha:g} "
                f"(at least {self.distance:.1f} times as far from the best image as the credible region reaches)"
            )
        return (
            f"nothing can be said of the structure: images without it are not ruled out at α = {self.alpha:g} "
            f"({self.distance:.2f} of the way to the edge of the credible region)"
        )


@checked
def structure(problem: Problem, x: Tensor, region: Tensor, alpha: float = 0.05) -> Structure:
    """Test whether what an image shows in a region is in the data, for convex priors.

    The posterior p(x | y) ∝ exp(−f(x)) with f = E + R, the weights of R as in the problem. Where it is log-concave, a
    highest-posterior-density region of probability 1 − α or more (Pereyra 2017) is

        C_α = {x: f(x) ≤ γ},    γ = f(x*) + N + √(16 N log(3/α)),    4 exp(−N/3) < α < 1,

    x* the minimiser and N the number of real unknowns. The region is inpainted from its surroundings by total
    variation, and f is minimised over all images that are this fill in the region and anything elsewhere (a simple form
    of the test of Repetti, Pereyra & Wiaux 2019). If that minimum is above γ, no such image is in C_α, so the structure
    is in the data; otherwise nothing can be said. The minimum enters by its lower bound, the objective minus the
    duality gap, and f(x*) by an upper bound, so that a loose solve can lose a verdict and never make one.
    Where A is not diagonal, the gap of PDHG holds for images within a box around the data and the iterate: "all images"
    are then those of such values.

    γ − f(x*) grows with N. Where operators and prior can be restricted, all of this is therefore done for a window
    around the region, with the measurements that depend on pixels of the window only.

    Parameters
    ----------
    problem
        The problem that x solves, its prior with its weight, its operators linear.
    x
        The restored image, of ``problem.full_shape``: ``result.x``.
    region
        Boolean (H, W), True on the structure, with a little of its surroundings left out or in.
    alpha
        α; a smaller one asks for more evidence.

    Raises
    ------
    InvpriorError
        If the prior is not convex, an operator not linear, or the region empty, of another size, or all of the picture.

    References
    ----------
    - Pereyra, "Maximum-a-posteriori estimation with Bayesian confidence regions", SIAM J. Imaging Sci. 10 (2017),
      Theorem 3.1.
    - Repetti, Pereyra & Wiaux, "Scalable Bayesian uncertainty quantification in imaging inverse problems via convex
      optimization", SIAM J. Imaging Sci. 12 (2019).
    - Cai, Pereyra & McEwen, "Uncertainty quantification for radio interferometric imaging: II. MAP estimation", MNRAS
      480 (2018): the same with a surrogate image.
    """
    check_linear(problem, "the test of a structure")
    check_convex(problem.prior, problem.shape)
    PDHG().accept(problem)
    check_tensor("the image", x, problem.shape, problem.data_terms[0].y)
    if tuple(x.shape) != problem.full_shape:
        raise InvpriorError(f"the image is {tuple(x.shape)} and that of the problem {problem.full_shape}")
    marked = _region(problem, region)
    part, window = restricted(problem, around(marked, problem))
    inside, marks = window.of(x.detach()), window.of(marked)
    unknowns = inside.numel() * (2 if x.is_complex() else 1)
    if not 4 * math.exp(-unknowns / 3) < alpha < 1:
        raise InvpriorError(f"α of {unknowns} unknowns is from 4 exp(−{unknowns}/3) to 1, got {alpha:g}")
    fill = filled(inside, marks)
    # a narrow Gaussian is 0 where the image is the fill, so its minimum is below that of all such images
    held = DataTerm(Mask(part.shape, marks), torch.where(marks, fill, 0), Gaussian(CLOSE * contrast(inside)))
    without = Problem.from_terms([*part.data_terms, held], part.prior, part.values)
    reach = unknowns + math.sqrt(16 * unknowns * math.log(3 / alpha))
    best = _last(solve(part, PDHG(), stop=LIMIT, x0=inside, callbacks=[_Accurate(reach, math.inf)]), "value")
    bound = solve(without, PDHG(), stop=LIMIT, x0=fill, callbacks=[_Accurate(reach, best)])
    least, threshold = _last(bound, "value") - _last(bound, "gap"), best + reach
    shown = x.detach().clone()
    window.of(shown).copy_(bound.x)
    return Structure(least > threshold, alpha, best, threshold, least, window, shown)


def check_convex(prior: Prior, shape: Shape) -> None:
    """Raise if the prior of an image of this shape is not a convex one with values."""
    whole = prior.parts or prior.parametrised  # these have no terms, or more than those
    terms = () if whole else prior.terms(shape)
    linear = all(isinstance(t.operator, LinearOperator) for t in terms)
    if whole or not linear or not all(t.functional.valued and t.functional.proximable for t in terms):
        raise InvpriorError(
            f"whether a structure is in the data is tested with convex priors such as TV, TGV and Wavelet, and "
            f"{prior!r} is none; restore with one of them to test it"
        )


def _region(problem: Problem, region: Tensor) -> Tensor:
    """The region, boolean, on the device of the problem."""
    size = tuple(problem.shape[-2:])
    if len(size) < 2 or tuple(region.shape) != size:
        raise InvpriorError(f"the region is {tuple(region.shape)} and the image has {size} pixels; they must agree")
    marked = (region != 0).to(problem.device)
    if not bool(marked.any()):
        raise InvpriorError("the region is empty; mark the structure that is to be tested")
    if bool(marked.all()):
        raise InvpriorError("the region is all of the image; leave the surroundings of the structure out of it")
    return marked


@dataclass(frozen=True)
class _Accurate:
    """Ends a solve that is accurate enough for a verdict."""

    reach: float
    best: float

    def __call__(self, iterate: Iterate) -> Status | None:
        if iterate.iteration % 10 or iterate.gap is None:
            return None
        distance, gap = iterate.value - self.best, iterate.gap
        beyond = distance - gap > self.reach and gap <= ROUGH * distance
        if beyond or gap <= ACCURATE * self.reach:
            return Status("converged", "the gap is small enough for a verdict")
        return None


def _last(result: Result, figure: str) -> float:
    value = result.history[-1].get(figure, math.inf)
    return value if math.isfinite(value) else math.inf
