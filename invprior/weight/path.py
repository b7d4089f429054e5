"""Solutions along a path of weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from invprior.data_term import DataTerm
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.solvers.loop import solve
from invprior.stop import MaxIterations, RelativeGap, Stationary

# Iterations of a solve.
MOST = 500


class Path:
    """The images x_c for a sequence of weights c, each solve started from the last image.

    It starts from the image and not from the solver's state: the steps of accelerated PDHG are so small at the end of a
    solve that the next one would take three to ten times as long as from scratch.
    """

    def __init__(self, data: Sequence[DataTerm], prior: Prior, gap: float, iterations: int | None) -> None:
        self.data, self.prior, self.gap = data, prior, gap
        self.most = MOST if iterations is None else min(iterations, MOST)
        self.x: Tensor | None = None

    def __call__(self, weight: float) -> Tensor:
        problem = Problem.from_terms(self.data, weight * self.prior)
        # conjugate gradients have no gap and steps that depend on the data, hence the tight tolerance
        stop = RelativeGap(self.gap) | Stationary(1e-4) | MaxIterations(self.most)
        self.x = solve(problem, stop=stop, x0=self.x).x
        return self.x
