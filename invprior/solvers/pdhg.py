"""The primal–dual hybrid gradient method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import LinearOperator
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.saddle import SaddlePoint
from invprior.stop import MaxIterations, RelativeGap, StopRule


@dataclass(frozen=True, eq=False)
class PDHGState(State):
    """The dual variables, ΣK_iᴴy_i, the extrapolated point, the step ratio ρ and how fast it may still change."""

    saddle: SaddlePoint
    y: tuple[Tensor, ...]
    Kty: Tensor
    x_bar: Tensor
    rho: Tensor
    rate: float


@dataclass(frozen=True)
class PDHG(Solver[PDHGState]):
    """Chambolle & Pock (2011), Algorithms 1 and 2, over any sum of proximable terms f_i(K_i x).

        y_i⁺ = prox_{σ_i f_i*}(y_i + σ_i K_i x̄),   x⁺ = prox_{τG}(x − τ Σ K_iᴴ y_i⁺),   x̄ = x⁺ + θ(x⁺ − x)

    Every K_i counts as scaled to norm one, σ_i = ρ/‖K_i‖² and τ = 0.99/(Nρ) for N blocks, so that
    τ Σ σ_i‖K_i‖² < 1 whatever the scale of the operators. The ratio ρ starts at the scale of the dual over that of
    the image. Where G is μ-strongly convex (the data determine every pixel, as in denoising), Algorithm 2 follows with
    γ = μ/2: θ = 1/√(1 + μτ) and ρ⁺ = ρ/θ, for an error of order 1/k². Elsewhere θ = 1, and ρ is balanced by the two
    residuals with a vanishing rate (Goldstein, Li, Yuan, Esser & Baraniuk 2015, Algorithm 1).
    """

    log_every: ClassVar[int] = 10
    balance_every: ClassVar[int] = 10

    def check(self, problem: Problem) -> None:
        if problem.prior.parametrised:
            raise InvpriorError(
                f"PDHG solves convex problems in the pixels, and {problem.prior!r} writes the image as a network; "
                "take solvers.Adam() or solvers.Muon()"
            )
        for t in problem.terms:
            if not isinstance(t.operator, LinearOperator):
                raise InvpriorError(f"PDHG needs linear operators, and {t.operator!r} is not; take solvers.Adam()")
            if not t.functional.proximable:
                raise InvpriorError(f"PDHG needs proximable terms, and {t!r} is not; take solvers.Adam()")

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> PDHGState:
        x = problem.start() if x0 is None else x0
        saddle = SaddlePoint.of(problem)
        y = tuple(torch.zeros_like(b.K(x)) for b in saddle.blocks)
        return PDHGState(0, x, saddle, y, torch.zeros_like(x), x, _first_ratio(saddle), 0.5)

    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        saddle = state.saddle if state.saddle.problem is problem else SaddlePoint.of(problem)
        tau = 0.99 / (max(len(saddle.blocks), 1) * state.rho)
        y, Kty = [], torch.zeros_like(state.x)
        for b, v in zip(saddle.blocks, state.y, strict=True):
            sigma = state.rho / b.norm**2  # a tensor, so that no value is read on the host
            v = b.f.conj_prox(torch.addcmul(v, b.K(state.x_bar), sigma), sigma)
            Kty = Kty + b.K.H(v)
            y.append(v)
        x = saddle.G.prox(torch.addcmul(state.x, Kty, -tau), tau)
        theta = torch.rsqrt(1 + saddle.convexity * tau)
        x_bar = x + theta * (x - state.x)
        after = PDHGState(state.iteration + 1, x, saddle, tuple(y), Kty, x_bar, state.rho / theta, state.rate)
        if saddle.convexity > 0 or after.iteration % self.balance_every:
            return after
        return _balance(state, after, tau)

    def default_stop(self) -> StopRule:
        return RelativeGap(1e-4) | MaxIterations(2000)

    def gap(self, state: PDHGState) -> Tensor:
        """Primal minus dual value; see :meth:`SaddlePoint.dual` for what it bounds where the data leave pixels free."""
        return state.saddle.primal(state.x) - state.saddle.dual(state.y, state.Kty, state.x)


def _first_ratio(saddle: SaddlePoint) -> Tensor:
    """ρ₀: the size of K_iᴴy_i that the penalties allow over a twentieth of the range of the image.

    The twentieth is about what a penalty still changes; for pictures any share from 1/10 to 1/50 is nearly as fast.
    """
    contrast = (saddle.high - saddle.low) / 20
    sizes = [b.f.lipschitz * b.norm for b in saddle.blocks if b.f.lipschitz]
    return torch.as_tensor(max(sizes, default=1.0), dtype=contrast.dtype, device=contrast.device) / contrast


def _balance(before: PDHGState, after: PDHGState, tau: Tensor) -> PDHGState:
    """Move ρ towards equal primal and dual residuals, both measured in the blocks' common scale."""
    dx = before.x - after.x
    primal = torch.linalg.vector_norm(dx / tau - (before.Kty - after.Kty))
    dual = torch.zeros_like(primal)
    for b, v0, v1 in zip(after.saddle.blocks, before.y, after.y, strict=True):
        # the residual (y − y⁺)/σ − K(x̄ − x⁺), times ‖K‖ so that blocks of every scale count alike
        r = (v0 - v1) * (b.norm**2 / after.rho) - b.K(before.x_bar - after.x)
        dual = torch.hypot(dual, torch.linalg.vector_norm(r) / b.norm)
    # each relative to its variable's scale; measured by ρ itself instead, ρ would run away
    ratio = primal / (_first_ratio(after.saddle) * dual).clamp(min=torch.finfo(primal.dtype).tiny)
    grow, shrink = 1 - after.rate, 1 / (1 - after.rate)
    factor = torch.where(ratio > 2, grow, torch.where(ratio < 0.5, shrink, 1.0))
    return replace(after, rho=after.rho * factor, rate=0.95 * after.rate)
