"""The interface of stop rules, which decide when to stop and which iterate to keep.

A rule is frozen configuration. Its memory is a separate value that ``solve`` passes along, so a resumed solve goes on
as if it had never stopped. ``a | b`` stops as soon as one of the two does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.problem import Problem

CONVERGED = "converged"

# Name of the status of a solve that reached its limit of iterations.
LIMIT = "max_iterations"

# Name of the status of a solve that the user ended.
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Status:
    """Why a solve ended: a short ``name`` for programs and a sentence for people.

    The names: ``converged``, ``max_iterations``, ``one_pass``, ``level_reached``, ``diverged``, ``interrupted``, and
    those that rules and callbacks of a user add.
    """

    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class IterateLike(Protocol):
    """What a stop rule can read of an iteration, see :class:`invprior.Iterate`.

    It exposes nothing of a solver's own state, so every rule runs with every solver.
    """

    @property
    def problem(self) -> Problem:
        """The problem that is being solved."""

    @property
    def iteration(self) -> int:
        """Number of the iteration, from 1, counted across resumed solves."""

    @property
    def seconds(self) -> float:
        """Time in the loop so far."""

    @property
    def x(self) -> Tensor:
        """The image that the solver would return now, possibly an average of several."""

    @property
    def latest(self) -> Tensor:
        """The image of this iteration alone."""

    @property
    def value(self) -> float:
        """The objective."""

    @property
    def gap(self) -> float | None:
        """The duality gap; None if the solver has none."""

    @property
    def scale(self) -> float:
        """The value that the gap is compared with: the objective minus constants."""

    @property
    def residual(self) -> float | None:
        """The gradient's norm relative to the start; None if the solver does not know it."""


@dataclass(frozen=True)
class Verdict:
    """The decision of a rule on an iterate: a status to stop with, and whether this is the iterate to keep.

    ``keep=None`` is no opinion. If no iterate was ever kept, the last one is returned.
    """

    stop: Status | None = None
    keep: bool | None = None


GO_ON = Verdict()


class StopRule(ABC):
    """Decides at every iteration, without looking at the truth."""

    @abstractmethod
    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        """The new memory and the verdict; ``memory`` is None at the first iteration."""

    def check(self, problem: Problem) -> None:
        """Raise if the rule makes no sense for this problem."""

    def log(self, memory: Any) -> dict[str, float]:
        """Extra columns of the history, read from the memory: the signal that the rule watches."""
        return {}

    @property
    def most(self) -> int | None:
        """An upper bound of the iterations, to which a progress bar counts; None if the rule has none."""
        return None

    @property
    def rules(self) -> tuple[StopRule, ...]:
        return (self,)

    def __or__(self, other: StopRule) -> StopRule:
        return AnyOf(self.rules + other.rules)


@dataclass(frozen=True)
class AnyOf(StopRule):
    """The rules joined with ``|``: stops when one stops, keeps when one says so.

    Cost
    ----
    That of all parts.
    """

    parts: tuple[StopRule, ...]

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.parts))

    @property
    def rules(self) -> tuple[StopRule, ...]:
        return self.parts

    @property
    def most(self) -> int | None:
        return min((r.most for r in self.parts if r.most is not None), default=None)

    def check(self, problem: Problem) -> None:
        for rule in self.parts:
            rule.check(problem)

    def _named(self) -> list[tuple[str, StopRule]]:
        """The parts by name, which keys their memories: a resumed solve can change a limit and keep its memory."""
        kinds = [type(r) for r in self.parts]
        return [
            (f"{kind.__name__}{kinds[:i].count(kind)}", r)
            for i, (kind, r) in enumerate(zip(kinds, self.parts, strict=True))
        ]

    def log(self, memory: Any) -> dict[str, float]:
        return {k: v for name, rule in self._named() for k, v in rule.log((memory or {}).get(name)).items()}

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        old = memory or {}
        new, stop, opinions = {}, None, []
        for name, rule in self._named():
            new[name], verdict = _answer(rule, old.get(name), iterate)
            stop = stop or verdict.stop
            if verdict.keep is not None:
                opinions.append(verdict.keep)
        return new, Verdict(stop, any(opinions) if opinions else None)


def _answer(rule: StopRule, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
    """What a rule says; a user's rule that answers something else is named."""
    answer = rule.update(memory, iterate)
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Verdict)):
        raise InvpriorError(f"{rule!r}.update returns a pair (memory, Verdict), got {answer!r:.60}")
    return answer


@dataclass(frozen=True)
class MaxIterations(StopRule):
    """Stop after ``n`` iterations, counted across resumed solves.

    Cost
    ----
    None.
    """

    n: int

    def __post_init__(self) -> None:
        if not isinstance(self.n, int) or self.n < 1:
            raise InvpriorError(f"a limit of iterations is a whole number of 1 or more, got {self.n!r}")

    @property
    def most(self) -> int:
        return self.n

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if iterate.iteration < self.n:
            return None, GO_ON
        return None, Verdict(Status(LIMIT, f"the limit of {self.n} iterations was reached"))


@checked
def at_most(rule: StopRule, n: int) -> StopRule:
    """The rule with a limit of ``n`` iterations, which replaces any limit that it has."""
    return AnyOf((*(r for r in rule.rules if not isinstance(r, MaxIterations)), MaxIterations(n)))
