"""The proximal gradient method with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.solvers.base import Solver
from invprior.solvers.saddle import SaddlePoint, SaddleState, smooth_and_rest
from invprior.stop import MaxIterations, RelativeGap, Stalled, Stationary, StopRule

# Factor of L before each backtracking: the curvature is less near the solution, so a larger step is tried first.
RELAX = 0.9


@dataclass(frozen=True, eq=False)
class ProximalState(SaddleState):
    """The extrapolated point z, Nesterov's t, the curvature L of the steps 1/L, and L‖x − z‖ now and at first."""

    ahead: Tensor
    t: Tensor
    curvature: float
    move: Tensor
    first_move: Tensor


@dataclass(frozen=True)
class ProximalGradient(Solver[ProximalState]):
    """FISTA (Beck & Teboulle 2009) for smooth terms f_i(K_i x) and one G on the pixels with a proximal map.

        x⁺ = prox_{G/L}(z − ΣK_iᴴ∇f_i(K_i z)/L),   z⁺ = x⁺ + (t − 1)/t⁺ (x⁺ − x),   t⁺ = (1 + √(1 + 4t²))/2

    L is Σ‖K_i‖²·curvature of f_i if all are known, else found by backtracking. The momentum is reset when it
    points uphill, ⟨z − x⁺, x⁺ − x⟩ > 0 (O'Donoghue & Candès 2015). G may be a plug-and-play denoiser
    (Venkatakrishnan, Bouman & Wohlberg 2013; with momentum Kamilov, Mansour & Wohlberg 2017), which has no value; then
    there is no gap.

    Cost
    ----
    An iteration applies every K_i and K_iᴴ and the proximal map of G once. Backtracking applies K_i and the
    proximal map once more for each try.

    References
    ----------
    - Beck & Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems", SIAM J. Imaging
      Sci. 2 (2009).
    - O'Donoghue & Candès, "Adaptive restart for accelerated gradient schemes", Found. Comput. Math. 15 (2015), equation
      12.
    - Venkatakrishnan, Bouman & Wohlberg, "Plug-and-play priors for model based reconstruction", GlobalSIP 2013.
    - Kamilov, Mansour & Wohlberg, "A plug-and-play priors approach for solving nonlinear imaging inverse problems",
      IEEE Signal Process. Lett. 24 (2017).
    """

    log_every: ClassVar[int] = 10

    def check(self, problem: Problem) -> None:
        if problem.prior.parametrised:
            raise InvpriorError(f"ProximalGradient cannot fit {problem.prior!r}; take solvers.Adam() or solvers.Muon()")
        _, rest = smooth_and_rest(problem)
        for t in problem.terms:
            if not isinstance(t.operator, LinearOperator):
                raise InvpriorError(f"ProximalGradient needs linear operators, {t.operator!r} is not; take Adam()")
        for t in rest:
            if not (t.operator.is_identity and t.functional.proximable):
                raise InvpriorError(
                    f"ProximalGradient needs terms that are smooth, or proximable on the pixels themselves, and {t!r} "
                    "is neither; take solvers.PDHG()"
                )
        if len(rest) > 1:
            raise InvpriorError(
                f"ProximalGradient takes one term that is not smooth, got {', '.join(map(repr, rest))}; "
                "take solvers.PDHG()"
            )

    @torch.no_grad()
    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> ProximalState:
        x = problem.start() if x0 is None else x0
        saddle = problem.once(SaddlePoint.smooth)
        one = torch.ones((), dtype=x.real.dtype, device=x.device)
        return ProximalState(0, x, saddle, x, one, _curvature(saddle, x), one, 0 * one)

    @torch.no_grad()
    def step(self, problem: Problem, state: ProximalState) -> ProximalState:
        saddle, z = problem.once(SaddlePoint.smooth), state.ahead
        gradient = _gradient(saddle, z)
        x, curvature = _backtrack(saddle, z, gradient, state.curvature)
        t = 0.5 * (1 + torch.sqrt(1 + 4 * state.t.square()))
        uphill = ((z - x).conj() * (x - state.x)).real.sum() > 0
        t = torch.where(uphill, 1.0, t)
        momentum = torch.where(uphill, 0.0, (state.t - 1) / t)
        move = curvature * torch.linalg.vector_norm(x - z)
        first = torch.where(state.first_move > 0, state.first_move, move)
        ahead = x + momentum * (x - state.x)
        return ProximalState(state.iteration + 1, x, saddle, ahead, t, curvature, move, first)

    @property
    def passes_infinity(self) -> bool:
        return True

    def default_stop(self) -> StopRule:
        return RelativeGap(1e-4) | Stalled() | Stationary(1e-6) | MaxIterations(2000)

    def scale(self, problem: Problem, state: ProximalState) -> Tensor:
        """The primal value, without the data that depend on no pixel."""
        return state.primal if state.saddle.G.valued else self.value(problem, state)

    def gap(self, state: ProximalState) -> Tensor | None:
        """Primal minus dual value at y_i = ∇f_i(K_i x); None if G has no value or a conjugate is not known."""
        saddle = state.saddle
        if not saddle.certified:
            return None
        y = [b.f.gradient(b.K.forward(state.x)) for b in saddle.blocks]
        return state.primal - saddle.dual(y, state.x)

    def residual(self, state: ProximalState) -> Tensor:
        """The norm of the last proximal gradient step over the first one's."""
        return torch.where(state.first_move > 0, state.move / state.first_move, 0)


def _gradient(saddle: SaddlePoint, x: Tensor) -> Tensor:
    return saddle.back([b.f.gradient(b.K.forward(x)) for b in saddle.blocks])


def _smooth_value(saddle: SaddlePoint, x: Tensor) -> Tensor:
    return sum((b.f(b.K.forward(x)) for b in saddle.blocks), start=x.real.new_zeros(()))


def _curvature(saddle: SaddlePoint, x: Tensor) -> float:
    """L if every f_i has a known curvature, else a guess from the gradient's change over a hundredth of the range."""
    known = [b.f.curvature for b in saddle.blocks]
    bound = sum(c * b.norm**2 for c, b in zip(known, saddle.blocks, strict=True) if c is not None)
    if None in known:
        nudge = 0.01 * (saddle.high - saddle.low)
        change = torch.linalg.vector_norm(_gradient(saddle, x + nudge) - _gradient(saddle, x))
        guess = float(change / torch.linalg.vector_norm(nudge.expand_as(x)))
        return max(guess, 1e-12) if guess < float("inf") else 1.0
    return bound or 1.0


def _backtrack(saddle: SaddlePoint, z: Tensor, gradient: Tensor, L: float) -> tuple[Tensor, float]:
    """The step, and an L whose model majorises the smooth part there; no search if L is a known bound."""
    if all(b.f.curvature is not None for b in saddle.blocks):
        return saddle.G.prox(z - gradient / L, 1 / L), L
    value, L = float(_smooth_value(saddle, z)), RELAX * L
    for _ in range(60):
        x = saddle.G.prox(z - gradient / L, 1 / L)
        step = x - z
        # quadratic model of the smooth part around z; 1e-12 allows for rounding
        model = value + float((gradient.conj() * step).real.sum()) + 0.5 * L * float(step.abs().square().sum())
        if float(_smooth_value(saddle, x)) <= model + 1e-12 * abs(value):
            break
        L *= 2
    return x, L
