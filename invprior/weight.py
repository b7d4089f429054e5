"""The weight of a penalty without the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.loop import SolveState, solve
from invprior.noise import Laplace, PoissonGaussian
from invprior.operator import LinearOperator
from invprior.problem import Problem
from invprior.stop import MaxIterations, RelativeGap, Stationary

# Below this deviation (two 8-bit steps) noise says nothing about the weight, and every small weight gives one result.
LEAST_SIGMA = 2 / 255
# 1/weight is the size of a typical edge in the prior's own Laplace model; 0.1 suits photographs in [0, 1].
TYPICAL = 10.0
# ε: small against the noise, large against the rounding of float32.
PROBE = 0.05


@dataclass(frozen=True)
class Choice:
    """A weight, the rule that chose it in one sentence, and all (weight, estimated risk) that were tried."""

    weight: float
    rule: str
    tried: tuple[tuple[float, float], ...]


def auto(problem: Problem, *, seed: int = 0) -> Choice:
    """Choose c for the prior c·R of a convex problem with one data term.

    Minimises Stein's unbiased estimate of the predicted risk E‖A x̂ − A x‖² (Stein 1981; for a general A, Vonesch,
    Ramani & Unser 2008), its divergence estimated with one random probe (Ramani, Blu & Unser 2008, eq. 14):

        SURE(c) = ‖A x̂ − y‖² − Σ v_i + 2 Σ √v_i b_i (A x̂(y + ε√v b) − A x̂(y))_i / ε,   b ~ N(0, I), ε = 1/20

    with the noise variances v. That is exact for Gaussian noise. For Poisson and Poisson–Gaussian noise v is the
    variance at the data, as if the noise were Gaussian of that variance: an approximation good from a few counts on.

    It goes over a path of weights from the typical one downhill, each solve started from the last, ended by a
    parabola in log c. For noise below two 8-bit steps the typical weight is taken.

    Parameters
    ----------
    problem
        With the prior R at weight 1.
    seed
        Of the probe.

    Raises
    ------
    InvpriorError
        If the problem is not convex with one data term, or its noise has heavy tails.
    """
    if problem.prior.parametrised or len(problem.data_terms) != 1:
        raise InvpriorError(
            f"no automatic weight for {problem.prior!r}: it needs one data term and a penalty; give a weight"
        )
    data = problem.data_terms[0]
    if isinstance(data.noise, Laplace) or not isinstance(data.operator, LinearOperator):
        raise InvpriorError("an automatic weight needs a linear operator and Gaussian or photon noise; give a weight")
    if not problem.prior.terms(problem.shape):
        return Choice(1.0, "the prior has no penalty", ())
    if math.sqrt(data.noise.residual_level(data.y)) < LEAST_SIGMA:
        return Choice(TYPICAL, "the typical weight, since the noise is below two 8-bit steps", ())
    risk = _Risk(problem, seed)
    weight = _descend(risk)
    tried = tuple(sorted(risk.tried.items()))
    return Choice(weight, "least Monte-Carlo SURE", tried)


class _Risk:
    """SURE as a function of the weight; holds the last solve's state for warm starts, and what was tried.

    y and y + εb are solved as a batch of two. Both make the same steps, so that their difference is the derivative of
    the iterate itself, and SURE holds for it however loosely the problem is solved.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.data = problem.data_terms[0]
        self.prior = problem.prior
        y, noise = self.data.y, self.data.noise
        if isinstance(noise, PoissonGaussian) and noise.offset:  # the same problem with the mean of y at A x
            y, noise = y - noise.offset, replace(noise, offset=0.0)
        self.y, self.noise = y, noise
        rng = torch.Generator().manual_seed(seed)
        self.probe = torch.randn(y.shape, generator=rng, dtype=torch.float64).to(y)
        self.variance = noise.variance(y).expand_as(y)
        self.probe = self.probe * self.variance.sqrt()  # no move where there is no noise, so that counts stay counts
        self.pair = torch.stack([y, y + PROBE * self.probe])
        self.state: SolveState | None = None
        self.tried: dict[float, float] = {}

    def __call__(self, weight: float) -> float:
        if weight not in self.tried:
            Ax, moved = self._predict(weight)
            misfit = (Ax - self.y).square().double().sum() - self.variance.double().sum()
            divergence = (self.probe * (moved - Ax)).double().sum() / PROBE
            self.tried[weight] = float((misfit + 2 * divergence) / Ax.numel())
        return self.tried[weight]

    def _predict(self, weight: float) -> Tensor:
        problem = Problem(self.data.operator, self.pair, noise=self.noise, prior=weight * self.prior)
        done = 0 if self.state is None else self.state.solver_state.iteration
        # conjugate gradients have no gap, and their steps depend on the data: solved more tightly
        stop = RelativeGap(1e-3) | Stationary(1e-4) | MaxIterations(done + 500)
        result = solve(problem, stop=stop, state=self.state)
        self.state = result.state
        return self.data.operator(result.x)


def _descend(risk: _Risk, factor: float = 1.5, most: int = 12) -> float:
    """Walk downhill in factors of 1.5 from the typical weight, then take the vertex of the last three."""
    weight = TYPICAL
    if risk(weight * factor) > risk(weight):
        factor = 1 / factor
    for _ in range(most):
        if risk(weight * factor) >= risk(weight):
            break
        weight *= factor
    left, right = risk(weight / factor), risk(weight * factor)
    bend = left - 2 * risk(weight) + right
    shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
    return float(weight * factor ** max(-1.0, min(1.0, shift)))
