"""The average of several independent fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.iterate import Iterate
from invprior.solvers.muon import Muon
from invprior.stop import CONVERGED, AnyOf, MaxIterations, Status, StopRule


@dataclass(frozen=True, eq=False)
class RestartsState(State):
    """The current fit, its rule's memory and kept image; the sum of the finished fits, and why each ended."""

    inner: Any
    memory: Any
    kept: Tensor | None
    ended: bool
    total: Tensor
    ends: tuple[Status, ...]
    seed: int

    @property
    def finished(self) -> int:
        """The number of fits that have ended."""
        return len(self.ends)


@dataclass(frozen=True)
class Restarts(Solver[RestartsState]):
    """x = Σ_k x_k / times: repeats the fit from other random weights and averages the kept images.

    The fits share their bias; their individual responses to the noise and to the initial weights average out. The
    estimate is that of the current fit until the first is finished, then the average of the finished ones. Without a
    parametrisation all fits start from the same pixels, except that ``x0`` is used by the first alone.

    Parameters
    ----------
    inner
        The solver of one fit.
    each
        When a fit ends, and which of its estimates is kept.
    times
        The number of fits.

    Cost
    ----
    An iteration is one of ``inner``; a solve takes ``times`` as many.
    """

    of_parts: ClassVar[bool] = True

    inner: Solver[Any] = field(default_factory=Muon)
    each: StopRule = field(default_factory=lambda: MaxIterations(500))
    times: int = 4

    def __post_init__(self) -> None:
        if self.times < 1:
            raise InvpriorError(f"there must be at least one fit, got {self.times}")

    def check(self, problem: Problem) -> None:
        self.inner.accept(problem)
        self.each.check(problem)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> RestartsState:
        seed = int(torch.randint(2**62, (), generator=rng))
        inner = self.inner.init(problem, x0, rng)
        return RestartsState(0, inner.x, inner, None, None, False, torch.zeros_like(inner.x), (), seed)

    def carry(self, problem: Problem, state: RestartsState, rng: torch.Generator) -> RestartsState:
        """The current fit goes on with this problem; the finished ones fitted the other and are dropped."""
        inner = self.inner.carry(problem, state.inner, rng)
        return RestartsState(0, inner.x, inner, None, None, False, torch.zeros_like(inner.x), (), state.seed)

    def step(self, problem: Problem, state: RestartsState) -> RestartsState:
        if state.finished == self.times:
            return replace(state, iteration=state.iteration + 1)
        inner, memory, kept = state.inner, state.memory, state.kept
        if state.ended:
            rng = torch.Generator().manual_seed(state.seed + state.finished)
            inner, memory, kept = self.inner.init(problem, None, rng), None, None
        inner = self.inner.step(problem, inner)
        iterate = Iterate(problem, self.inner, inner, 0.0)
        memory, verdict = self.each.update(memory, iterate)
        if verdict.keep:
            kept = self.inner.estimate(inner)
        reason, total, ends = self.inner.ended(inner) or verdict.stop, state.total, state.ends
        if reason is not None:
            total = total + (self.inner.estimate(inner) if kept is None else kept)
            ends = (*ends, reason)
        ended = reason is not None
        return RestartsState(state.iteration + 1, inner.x, inner, memory, kept, ended, total, ends, state.seed)

    def default_stop(self) -> StopRule:
        """The limit of all fits together; :meth:`ended` ends the solve."""
        return AnyOf(()) if self.each.most is None else MaxIterations(self.times * self.each.most)

    def last(self, state: RestartsState) -> int | None:
        """All fits take about as long as those that are finished."""
        if not state.finished:
            return None
        done = state.iteration - (0 if state.ended else state.inner.iteration)
        return round(done * self.times / state.finished)

    def ended(self, state: RestartsState) -> Status | None:
        """Once all fits are finished: why each ended, under their common name if they have one."""
        if state.finished < self.times:
            return None
        reasons = Counter(state.ends)
        message = "; ".join(f"{reason.message} ({n} of {self.times} fits)" for reason, n in reasons.items())
        return Status(next(iter(reasons)).name if len(reasons) == 1 else CONVERGED, message)

    def estimate(self, state: RestartsState) -> Tensor:
        if state.finished:
            return state.total / state.finished
        return self.inner.estimate(state.inner) if state.kept is None else state.kept

    def log(self, state: RestartsState) -> dict[str, Tensor]:
        signal = {name: torch.tensor(value) for name, value in self.each.log(state.memory).items()}
        return {"finished": torch.tensor(state.finished), **self.inner.log(state.inner), **signal}
