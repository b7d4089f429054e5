"""The primal–dual hybrid gradient method."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.solvers.base import Solver
from invprior.solvers.saddle import SaddlePoint, SaddleState
from invprior.stop import MaxIterations, RelativeGap, Stalled, StopRule


@dataclass(frozen=True, eq=False)
class Point:
    """x and the dual variables."""

    x: Tensor
    y: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class PDHGState(SaddleState):
    """The last proximal point, the relaxed one that the next step starts from, the ratio ρ and its rate of change."""

    at: Point
    relaxed: Point
    rho: float
    rate: float

    @cached_property
    def primal(self) -> Tensor:
        return self.saddle.primal(self.at.x)


@dataclass(frozen=True)
class PDHG(Solver[PDHGState]):
    """Chambolle & Pock (2011) over any sum of proximable terms f_i(K_i x).

        x̃ = prox_{τG}(x − τ Σ K_iᴴ y_i),   ỹ_i = prox_{σ_i f_i*}(y_i + σ_i K_i (x̃ + θ(x̃ − x)))

    Every K_i counts as scaled to norm one: σ_i = ρ/‖K_i‖² and τ = 0.99/(Nρ) for N blocks, so that
    τ Σ σ_i‖K_i‖² < 1 whatever the scale of the operators. The ratio ρ starts at the scale of the dual variables over
    that of the image. If G is μ-strongly convex (the data determine every pixel, as in denoising), Algorithm 2 is used
    with γ = μ/2: θ = 1/√(1 + μτ) and ρ⁺ = ρ/θ, for an error of order 1/k². Otherwise θ = 1, ρ balances the primal and
    the dual residual with a vanishing rate (Goldstein et al. 2015), and the next step starts from the over-relaxed
    point z + r(z̃ − z) (Condat 2013).

    Parameters
    ----------
    relaxation
        r in [1, 2), used if G is not strongly convex.

    Cost
    ----
    An iteration applies every K_i and K_iᴴ once and every proximal map once; every tenth applies them once more for the
    balance and for the gap. Local terms are gone through in bands of rows that stay in the cache.

    References
    ----------
    - Chambolle & Pock, "A first-order primal-dual algorithm for convex problems with applications to imaging", J. Math.
      Imaging Vis. 40 (2011), Algorithms 1 and 2.
    - Condat, "A primal–dual splitting method for convex optimization involving Lipschitzian, proximable and linear
      composite terms", J. Optim. Theory Appl. 158 (2013), Algorithm 3.1.
    - Goldstein, Li, Yuan, Esser & Baraniuk, "Adaptive primal-dual hybrid gradient methods for saddle-point problems",
      arXiv:1305.0546 (2015), Algorithm 1.
    """

    relaxation: float = 1.8

    log_every: ClassVar[int] = 10
    balance_every: ClassVar[int] = 10

    def __post_init__(self) -> None:
        if not 1 <= self.relaxation < 2:
            raise InvpriorError(f"relaxation must lie in [1, 2), got {self.relaxation}; 1 turns it off")

    def check(self, problem: Problem) -> None:
        if problem.prior.parametrised:
            raise InvpriorError(
                f"PDHG solves convex problems in the pixels, and {problem.prior!r} writes the image as a network; "
                "take solvers.Adam() or solvers.Muon()"
            )
        for t in problem.terms:
            if not isinstance(t.operator, LinearOperator):
                raise InvpriorError(f"PDHG needs linear operators, and {t.operator!r} is not; take solvers.Adam()")
            if not t.functional.valued:
                raise InvpriorError(f"PDHG needs terms with a value, and {t!r} has none; take ProximalGradient()")
            if not t.functional.proximable:
                raise InvpriorError(f"PDHG needs proximable terms, and {t!r} is not; take solvers.Adam()")

    @torch.no_grad()
    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> PDHGState:
        x = problem.start() if x0 is None else x0
        saddle = self._saddle(problem)
        y = tuple(torch.zeros_like(b.K.forward(x)) for b in saddle.blocks)
        start = Point(saddle.lowered(x), y)
        return PDHGState(0, x, saddle, start, start, _first_ratio(saddle), 0.5)

    def carry(self, problem: Problem, state: PDHGState, rng: torch.Generator) -> PDHGState:
        """Keeps x, and the dual variables if all their shapes still fit; the ratio ρ starts anew."""
        fresh = self.init(problem, state.x, rng)
        y = state.at.y
        if [v.shape for v in y] != [v.shape for v in fresh.at.y]:
            return fresh
        start = Point(fresh.at.x, y)
        return replace(fresh, at=start, relaxed=start)

    @torch.no_grad()
    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        saddle, old, rho = self._saddle(problem), state.relaxed, state.rho
        tau = 0.99 / (max(len(saddle.blocks), 1) * rho)
        theta = 1 / math.sqrt(1 + saddle.convexity * tau)
        x, ahead = saddle.bands.primal(old.x, old.y, tau, theta)
        new = Point(x, saddle.bands.dual(ahead, old.y, rho))
        after = PDHGState(state.iteration + 1, saddle.lifted(x), saddle, new, new, rho / theta, state.rate)
        if saddle.convexity > 0:  # Algorithm 2: ρ follows θ, without relaxation or balance
            return after
        after = replace(after, relaxed=_relax(old, new, self.relaxation))
        return after if after.iteration % self.balance_every else _balance(old, after, tau)

    def _saddle(self, problem: Problem) -> SaddlePoint:
        return problem.once(SaddlePoint.of)

    @property
    def passes_infinity(self) -> bool:
        return True

    def default_stop(self) -> StopRule:
        return RelativeGap(1e-4) | Stalled() | MaxIterations(2000)

    def scale(self, problem: Problem, state: PDHGState) -> Tensor:
        """The primal value, without the data that depend on no pixel."""
        return state.primal

    def gap(self, state: PDHGState) -> Tensor | None:
        """Primal minus dual value; see :meth:`SaddlePoint.dual` for what it bounds if the data leave pixels free.

        None if the conjugate of a functional is not known.
        """
        if not state.saddle.certified:
            return None
        return state.primal - state.saddle.dual(state.at.y, state.at.x)


def _relax(before: Point, after: Point, r: float) -> Point:
    y = tuple(torch.lerp(a, b, r) for a, b in zip(before.y, after.y, strict=True))
    return Point(torch.lerp(before.x, after.x, r), y)


def _first_ratio(saddle: SaddlePoint) -> float:
    """ρ₀: the largest ‖K_iᴴy_i‖ that the penalties allow, over a twentieth of the range of the image.

    A twentieth is about the change that a penalty still makes; for pictures any share from 1/10 to 1/50 is nearly as
    fast.
    """
    contrast = float(saddle.high - saddle.low) / 20
    return max((b.f.lipschitz * b.norm for b in saddle.blocks if b.f.lipschitz), default=1.0) / contrast


def _balance(before: Point, after: PDHGState, tau: float) -> PDHGState:
    """Move ρ towards equal primal and dual residuals, both measured in the blocks' common scale."""
    saddle, new = after.saddle, after.at
    primal, dual = saddle.bands.residuals((before.x, before.y), (new.x, new.y), tau, after.rho)
    # relative to the fixed scales of x and y: relative to ρ itself, ρ would run away
    ratio = primal / max(_first_ratio(saddle) * dual, 1e-300)
    # residuals within a factor of 2 count as balanced; the rate decays so that the steps converge
    factor = 1 - after.rate if ratio > 2 else 1 / (1 - after.rate) if ratio < 0.5 else 1.0
    return replace(after, rho=after.rho * factor, rate=0.95 * after.rate)
