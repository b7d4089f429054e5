"""A solve inside another one, a few iterations at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invprior.problem import Problem
from invprior.solvers.loop import choose, solve
from invprior.solvers.result import Result
from invprior.stop import Status, StopRule, Verdict
from invprior.stop.base import GO_ON, IterateLike

PAUSED = "paused"
# Iterations at a time of a convex solve; a network takes one, which is as long.
AT_ONCE = 10


@dataclass(frozen=True, eq=False)
class Part:
    """A member of a solve: its result so far."""

    result: Result | None = None

    @property
    def status(self) -> Status | None:
        """Why it ended; None while it goes on."""
        return None if self.result is None or self.result.status.name == PAUSED else self.result.status

    @property
    def x(self) -> Tensor:
        assert self.result is not None
        return self.result.x


@dataclass(frozen=True)
class _Pause(StopRule):
    """Stops ``n`` iterations after the last pause."""

    n: int

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if iterate.iteration < self.n:
            return None, GO_ON
        return None, Verdict(Status(PAUSED, "the other members have their turn"))


@dataclass(frozen=True)
class Expected(StopRule):
    """Stops nothing: the solver ends by itself, and a progress bar counts to ``n``."""

    n: int

    @property
    def most(self) -> int:
        return self.n

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        return None, GO_ON


def advanced(problem: Problem, part: Part, seed: int) -> Part:
    """The part some iterations later, as if it had never paused."""
    recipe = choose(problem)
    done = 0 if part.result is None else part.result.iterations
    pause = _Pause(done + (1 if problem.prior.parametrised else AT_ONCE))
    state = None if part.result is None else part.result.state
    return Part(solve(problem, recipe.solver, stop=recipe.stop | pause, seed=seed, state=state))
