"""Planted bugs of solvers, each with the law that must catch it; others may catch it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from invprior import solvers
from invprior.problem import Problem
from invprior.solvers.bands import Bands, cut
from invprior.solvers.conjugate_gradient import CGState, _dot, _hessian
from invprior.solvers.pdhg import PDHGState
from invprior.solvers.saddle import SaddlePoint


class NotAhead(Bands):
    def primal(self, x: Tensor, y: Sequence[Tensor], tau: float, theta: float) -> tuple[Tensor, Tensor]:
        return super().primal(x, y, tau, 0.0)


@dataclass(frozen=True)
class NoExtrapolation(solvers.PDHG):
    def _saddle(self, problem: Problem) -> SaddlePoint:
        saddle = super()._saddle(problem)
        return replace(saddle, bands=NotAhead(saddle.bands.near, saddle.bands.far))


@dataclass(frozen=True)
class NoNorm(solvers.PDHG):
    """Takes every operator for one of norm 1 to 3."""

    def _saddle(self, problem: Problem) -> SaddlePoint:
        saddle = super()._saddle(problem)
        blocks = tuple(replace(b, norm=min(max(b.norm, 1.0), 3.0)) for b in saddle.blocks)
        return replace(saddle, blocks=blocks, bands=cut(saddle.G, blocks, problem.start()))


@dataclass(frozen=True)
class HalfGap(solvers.PDHG):
    def gap(self, state: PDHGState) -> Tensor | None:
        gap = super().gap(state)
        return None if gap is None else 0.05 * gap


@dataclass(frozen=True)
class InPlace(solvers.PDHG):
    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        after = super().step(problem, state)
        state.x.copy_(after.x)
        return after


@dataclass(frozen=True)
class RunsAway(solvers.ConjugateGradient):
    """The textbook recurrence, which does not know when its residual has become noise."""

    def step(self, problem: Problem, state: CGState) -> CGState:
        q = _hessian(problem, state.p)
        alpha = state.rr / _dot(state.p, q)
        x, r = state.x + alpha * state.p, state.r - alpha * q
        rr = _dot(r, r)
        return replace(state, iteration=state.iteration + 1, x=x, r=r, p=r + rr / state.rr * state.p, rr=rr)


@dataclass(frozen=True)
class ForgetsMoments(solvers.Adam):
    """Counts its own calls instead of the state's, so that a resumed solve starts the moments anew."""

    def step(self, problem: Problem, state: Any) -> Any:
        calls = self.__dict__.setdefault("calls", [0])
        calls[0] += 1
        return super().step(problem, replace(state, lr_scale=state.lr_scale * (0.5 if calls[0] % 11 == 0 else 1.0)))


@dataclass(frozen=True)
class KeepsItsProblem(solvers.PDHG):
    """Goes on with the problem that the state was made for, whichever it is given."""

    def carry(self, problem: Problem, state: PDHGState, rng: torch.Generator) -> PDHGState:
        return replace(state, iteration=0)

    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        self.__dict__["first"] = getattr(state, "saddle", None)
        return super().step(problem, state)

    def _saddle(self, problem: Problem) -> SaddlePoint:
        first: SaddlePoint | None = self.__dict__.pop("first", None)
        return super()._saddle(problem) if first is None else first


@dataclass(frozen=True)
class KnowsByIdentity(solvers.PDHG):
    """Begins its step sizes anew for every object that it has not seen, an equal problem included."""

    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        seen = self.__dict__.setdefault("seen", [problem])
        if state.iteration and seen[-1] is not problem:
            state = replace(state, rho=2 * state.rho, saddle=self._saddle(problem))
        seen.append(problem)
        return super().step(problem, state)


@dataclass(frozen=True)
class Ascends(solvers.Adam):
    def _update(self, *given: Any) -> Any:
        direction, moments = super()._update(*given)
        return -direction, moments


SOLVERS: dict[type[Any], str] = {
    NoExtrapolation: "certificate",
    NoNorm: "certificate",
    HalfGap: "honesty",
    InPlace: "purity",
    RunsAway: "certificate",
    ForgetsMoments: "resume",
    Ascends: "descent",
    KeepsItsProblem: "another",
    KnowsByIdentity: "checkpoint",
}
