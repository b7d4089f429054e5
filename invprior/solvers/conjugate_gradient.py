"""Conjugate gradients on the normal equations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functionals import Quadratic
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.stop import MaxIterations, Stationary, StopRule


@dataclass(frozen=True, eq=False)
class CGState(State):
    """The residual r = −∇, the search direction p; r·r now, at the best constant image, and where it is rounding."""

    r: Tensor
    p: Tensor
    rr: Tensor
    rr0: Tensor
    floor: Tensor


@dataclass(frozen=True)
class ConjugateGradient(Solver[CGState]):
    """Hestenes & Stiefel (1952) for sums of quadratic terms ½‖L_i x − b_i‖²_{W_i} with linear L_i.

    Solves Σ L_iᴴW_iL_i x = Σ L_iᴴW_i b_i. Started from zero, the solution of an underdetermined problem is the one of
    least norm. There is no duality gap; the residual is the certificate.

    Parameters
    ----------
    damp
        d ≥ 0 adds ½d²‖x‖² to the objective, as the ``damp`` of LSQR does (Paige & Saunders 1982): it stabilises a
        problem whose data barely determine parts of the image.

    Cost
    ----
    An iteration applies every L_i and L_iᴴ once; three images are held beside x.

    References
    ----------
    - Hestenes & Stiefel, "Methods of conjugate gradients for solving linear systems", J. Res. Natl. Bur. Stand. 49
      (1952).
    - Paige & Saunders, "LSQR: an algorithm for sparse linear equations and sparse least squares", ACM Trans. Math.
      Softw. 8 (1982).
    """

    damp: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.damp < float("inf"):
            raise InvpriorError(f"damp must be a number of 0 or more, got {self.damp!r}")

    def check(self, problem: Problem) -> None:
        if problem.prior.parametrised:
            raise InvpriorError(
                f"ConjugateGradient cannot fit {problem.prior!r}; take solvers.Adam() or solvers.Muon()"
            )
        for t in problem.terms:
            if not isinstance(t.operator, LinearOperator):
                raise InvpriorError(
                    f"ConjugateGradient needs linear operators, {t.operator!r} is not; take solvers.Adam()"
                )
            if not isinstance(t.functional, Quadratic):
                raise InvpriorError(f"ConjugateGradient needs quadratic terms, {t!r} is not; take solvers.PDHG()")

    @torch.no_grad()
    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> CGState:
        x = torch.zeros(problem.variable_shape, dtype=problem.dtype, device=problem.device) if x0 is None else x0
        # the reference of the relative residual, whatever x0
        at_zero = _minus_gradient(problem, torch.zeros_like(x))
        # relative to the best constant image, so that a pedestal of the data makes no residual look small
        at_flat = _minus_gradient(problem, problem.variable(problem.flat()))
        r = at_zero if x0 is None else _minus_gradient(problem, x) - self.damp**2 * x
        rounding = 10 * torch.finfo(problem.dtype).eps
        rr0 = torch.where(_dot(at_flat, at_flat) > 0, _dot(at_flat, at_flat), _dot(at_zero, at_zero))
        return CGState(0, x, r, r, _dot(r, r), rr0, rounding**2 * _dot(at_zero, at_zero))

    @torch.no_grad()
    def step(self, problem: Problem, state: CGState) -> CGState:
        q = _hessian(problem, state.p) + self.damp**2 * state.p
        curvature = _dot(state.p, q)
        # Below the rounding error the recurrence is driven by noise and would leave the solution: x stays.
        active = (state.rr > state.floor) & (curvature > 0)
        alpha = torch.where(active, state.rr / curvature, 0)
        x = state.x + alpha * state.p
        r = state.r - alpha * q
        rr = _dot(r, r)
        beta = torch.where(active, rr / state.rr, 0)
        return replace(state, iteration=state.iteration + 1, x=x, r=r, p=r + beta * state.p, rr=rr)

    def default_stop(self) -> StopRule:
        return Stationary() | MaxIterations(500)

    def value(self, problem: Problem, state: CGState) -> Tensor:
        return problem.objective(state.x) + 0.5 * self.damp**2 * _dot(state.x, state.x)

    def residual(self, state: CGState) -> Tensor:
        return torch.where(state.rr > 0, state.rr / state.rr0, 0).sqrt()


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a.conj() * b).real.sum()


def _quadratics(problem: Problem) -> list[tuple[Quadratic, LinearOperator]]:
    pairs = ((t.functional, t.operator) for t in problem.terms)
    return [(f, L) for f, L in pairs if isinstance(f, Quadratic) and isinstance(L, LinearOperator)]


def _minus_gradient(problem: Problem, x: Tensor) -> Tensor:
    return -sum((L.H(f.gradient(L(x))) for f, L in _quadratics(problem)), start=torch.zeros_like(x))


def _hessian(problem: Problem, p: Tensor) -> Tensor:
    return sum((L.H(f.weight * L(p)) for f, L in _quadratics(problem)), start=torch.zeros_like(p))
