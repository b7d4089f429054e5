"""The average of several independent fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.iterate import Iterate
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.muon import Muon
from invprior.status import Status
from invprior.stop import CONVERGED, GO_ON, MaxIterations, StopRule, Verdict


@dataclass(frozen=True, eq=False)
class RestartsState(State):
    """The fit under way, what its rule remembers and keeps; the sum of the finished fits, and why each ended."""

    inner: Any
    memory: Any
    kept: Tensor | None
    ended: bool
    total: Tensor
    ends: tuple[Status, ...]
    seed: int

    @property
    def finished(self) -> int:
        """How many fits have ended."""
        return len(self.ends)


@dataclass(frozen=True)
class AllFits(StopRule):
    """Stop once ``times`` fits are finished, each of which makes at most ``each`` iterations.

    Where all of them ended at that limit the status says so, as it would for one.
    """

    times: int
    each: int | None

    @property
    def most(self) -> int | None:
        return None if self.each is None else self.times * self.each

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        if iterate.state.finished < self.times:
            return None, GO_ON
        reasons = Counter(iterate.state.ends)
        said = "; ".join(f"{reason.message} ({n} of {self.times} fits)" for reason, n in reasons.items())
        name = reasons.popitem()[0].name if len(reasons) == 1 else CONVERGED
        return None, Verdict(Status(name, said))


@dataclass(frozen=True)
class Restarts(Solver[RestartsState]):
    """x = Σ_k x_k / times: fits again from other random weights and averages what the fits keep.

    The fits share their bias, and what each makes of the noise and of its own initial weights cancels. Before the
    first is finished the estimate is that of the fit under way, then the average of the finished ones. Without a
    parametrisation all fits start from the same pixels, an ``x0`` aside, which only the first sees.

    Parameters
    ----------
    inner
        What makes one fit.
    each
        When a fit ends, and which of its estimates is kept.
    times
        How many fits.

    Cost
    ----
    An iteration is one of ``inner``; a solve takes ``times`` as many.
    """

    inner: Solver[Any] = field(default_factory=Muon)
    each: StopRule = field(default_factory=lambda: MaxIterations(500))
    times: int = 4

    def __post_init__(self) -> None:
        if self.times < 1:
            raise InvpriorError(f"there must be at least one fit, got {self.times}")

    def check(self, problem: Problem) -> None:
        self.inner.check(problem)
        self.each.check(problem)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> RestartsState:
        seed = int(torch.randint(2**62, (), generator=rng))
        inner = self.inner.init(problem, x0, rng)
        return RestartsState(0, inner.x, inner, None, None, False, torch.zeros_like(inner.x), (), seed)

    def step(self, problem: Problem, state: RestartsState) -> RestartsState:
        inner, memory, kept = state.inner, state.memory, state.kept
        if state.ended:
            rng = torch.Generator().manual_seed(state.seed + state.finished)
            inner, memory, kept = self.inner.init(problem, None, rng), None, None
        inner = self.inner.step(problem, inner)
        iterate = Iterate(problem, self.inner, inner, 0.0)
        memory, verdict = self.each.update(memory, iterate)
        if verdict.keep:
            kept = iterate.x
        ended, total = verdict.stop is not None, state.total
        if ended:
            total = total + (iterate.x if kept is None else kept)
        ends = state.ends if verdict.stop is None else (*state.ends, verdict.stop)
        return RestartsState(state.iteration + 1, inner.x, inner, memory, kept, ended, total, ends, state.seed)

    def default_stop(self) -> StopRule:
        return AllFits(self.times, self.each.most)

    def estimate(self, state: RestartsState) -> Tensor:
        if state.finished:
            return state.total / state.finished
        return self.inner.estimate(state.inner) if state.kept is None else state.kept

    def log(self, state: RestartsState) -> dict[str, Tensor]:
        signal = {name: torch.tensor(value) for name, value in self.each.log(state.memory).items()}
        return {"finished": torch.tensor(state.finished), **self.inner.log(state.inner), **signal}
