"""The window around a region, the problem restricted to it, and the region filled from its surroundings."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.noise import Gaussian
from invprior.operators import Mask
from invprior.priors import TV
from invprior.problem import Problem
from invprior.shapes import Window
from invprior.solvers.loop import solve
from invprior.solvers.pdhg import PDHG
from invprior.stop import MaxIterations, RelativeGap

# Pixels around those that the measurements of the region depend on by more than a share of the most.
MARGIN, LITTLE = 4, 0.03
# The fill keeps the surroundings up to this share of the contrast, and a step of the contrast costs a tenth of a unit.
KEPT, STEP = 1e-3, 10.0
STOP = RelativeGap(1e-3) | MaxIterations(500)


def around(region: Tensor, problem: Problem) -> Window:
    """The box, with a margin, of all pixels that the measurements of the region (H, W) depend on.

    It lies at multiples of the operators' period.
    """
    operators = [d.operator for d in problem.data_terms if isinstance(d.operator, LinearOperator)]
    near = region.clone()
    shown = region * torch.rand(problem.shape, generator=torch.Generator().manual_seed(0)).to(region.device)
    with torch.no_grad():
        for A in operators:
            back = A.H(A(shown.to(problem.dtype)).abs().to(problem.data_terms[0].y)).abs()
            near |= (back > LITTLE * back.max()).flatten(0, -3).any(0)
    period = max(A.period for A in operators)
    rows, columns = (_span(near.any(axis), MARGIN, period, near.shape[1 - axis]) for axis in (1, 0))
    return Window(*rows, *columns)


def _span(marked: Tensor, margin: int, period: int, n: int) -> tuple[int, int]:
    at = marked.nonzero()
    first, last = int(at.min()) - margin, int(at.max()) + 1 + margin
    return max(first // period * period, 0), min(-(-last // period) * period, n)


def restricted(problem: Problem, window: Window) -> tuple[Problem, Window]:
    """The problem on the window, or whole if its operators or its prior cannot be restricted."""
    whole = Window(0, problem.shape[-2], 0, problem.shape[-1])
    parts = [d.on_window(window) for d in problem.data_terms] if problem.prior.any_size and window != whole else [None]
    known = [d for d in parts if d is not None]
    if len(known) < len(parts):
        return problem, whole
    return Problem.from_terms(known, problem.prior, problem.values), window


def contrast(x: Tensor) -> float:
    """The standard deviation of the values; of constant ones a share of their size."""
    return max(float(x.std()), 1e-3 * float(x.abs().max()), 1e-6)


def filled(x: Tensor, region: Tensor) -> Tensor:
    """The image (…, H, W) with the region inpainted from its surroundings by total variation."""
    unit = contrast(x)
    A = Mask(x.shape, ~region)
    problem = Problem(A, A(x), noise=Gaussian(KEPT * unit), prior=(STEP / unit) * TV())
    return torch.where(region, solve(problem, PDHG(), stop=STOP).x, x)
