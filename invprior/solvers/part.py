"""A solve inside another one, a few iterations at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.loop import choose, solve
from invprior.solvers.recipe import Recipe
from invprior.solvers.result import Result, SolveState
from invprior.stop import Status, StopRule, Verdict
from invprior.stop.base import GO_ON, LIMIT, IterateLike

PAUSED = "paused"
# Iterations at a time of a convex solve; a network takes one, which is as long.
AT_ONCE = 10
# ×4 of butterfly by `dip`, in dB: 24.78 after 550 iterations with a tenth of the data held out; after 20, 60, 100, 140
# and 240 more with all of them 25.09, 25.42, 25.51, 25.54, 25.61; fitted to all from the start 25.46.
FINISH = 0.25


@dataclass(frozen=True, eq=False)
class Part:
    """A member of a solve: its result so far."""

    result: Result | None = None

    @property
    def status(self) -> Status | None:
        """Why it ended; None while it goes on."""
        return None if self.result is None or self.result.status.name == PAUSED else self.result.status

    @property
    def reached_limit(self) -> bool:
        """True if nothing but a limit of iterations has ended it."""
        return self.status is not None and self.status.name == LIMIT

    @property
    def x(self) -> Tensor:
        if self.result is None:
            raise InvpriorError("this member has not begun and has no image; go on with the solve, or ask its .result")
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


def advanced(problem: Problem, part: Part, seed: int, rule: StopRule | None = None) -> Part:
    """The part some iterations later, as if it had never paused; ``rule`` may end it too."""
    recipe = choose(problem) if rule is None else choose(problem).also(rule)
    return _longer(problem, part, recipe, None if part.result is None else part.result.state, seed)


def finished(problem: Problem, part: Part, fitted: Part) -> Part:
    """The part some iterations later, its network having gone on from what ``fitted`` reached with part of the data.

    A quarter of the iterations are enough for the rest of the data.
    """
    assert fitted.result is not None
    recipe = choose(problem).at_most(math.ceil(FINISH * fitted.result.iterations))
    state = fitted.result.state if part.result is None else part.result.state
    return _longer(problem, part, recipe, state, 0)


def _longer(problem: Problem, part: Part, recipe: Recipe, state: SolveState | None, seed: int) -> Part:
    done = 0 if part.result is None else part.result.iterations
    pause = _Pause(done + (1 if problem.prior.parametrised else AT_ONCE))
    return Part(solve(problem, recipe.solver, stop=recipe.stop | pause, seed=seed, state=state))
