"""What a stop rule is: it says when to stop, and which iterate to keep.

A rule is frozen configuration; what it remembers is a value that ``solve`` threads through, so that a resumed solve
goes on as if it had never stopped. Rules join with ``|``: the first to stop stops all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from invprior.problem import Problem

CONVERGED = "converged"


@dataclass(frozen=True)
class Status:
    """Why a solve ended: a short ``name`` for programs and a sentence for people.

    The names: ``converged``, ``max_iterations``, ``diverged``, ``interrupted``, and what a user's rule adds.
    """

    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class IterateLike(Protocol):
    """What a stop rule may ask of an iteration, see :class:`invprior.Iterate`.

    Nothing of a solver's own state is among it, so that every rule runs with every solver.
    """

    @property
    def problem(self) -> Problem:
        """The problem that is being solved."""

    @property
    def iteration(self) -> int:
        """Counted from 1, over resumed solves too."""

    @property
    def seconds(self) -> float:
        """Time in the loop so far."""

    @property
    def x(self) -> Tensor:
        """The image that the solver would return now, which may be an average of several."""

    @property
    def latest(self) -> Tensor:
        """The image of this iteration alone."""

    @property
    def value(self) -> float:
        """The objective."""

    @property
    def gap(self) -> float | None:
        """The duality gap; None where the solver has none."""

    @property
    def scale(self) -> float:
        """What the gap is compared with: the objective, less constants."""

    @property
    def residual(self) -> float | None:
        """The gradient's norm relative to the start; None where the solver does not know it."""


@dataclass(frozen=True)
class Verdict:
    """What a rule says of an iterate: a status to stop with, and whether this is the iterate to keep.

    ``keep=None`` is no opinion. Where no rule has an opinion the last iterate is kept.
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
        """Raise where the rule makes no sense for this problem."""

    def log(self, memory: Any) -> dict[str, float]:
        """Further columns of the history: the signal that the rule looks at, as of its memory."""
        return {}

    @property
    def most(self) -> int | None:
        """An upper bound of the iterations, where the rule has one: what a progress bar counts to."""
        return None

    @property
    def rules(self) -> tuple[StopRule, ...]:
        return (self,)

    def __or__(self, other: StopRule) -> StopRule:
        return AnyOf(self.rules + other.rules)


@dataclass(frozen=True)
class AnyOf(StopRule):
    """The rules joined with ``|``: stops when one stops, keeps when one with an opinion says so.

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
        """Memories are held by the rule's name, so that a resumed solve may change a limit and keep what was seen."""
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
            new[name], verdict = rule.update(old.get(name), iterate)
            stop = stop or verdict.stop
            if verdict.keep is not None:
                opinions.append(verdict.keep)
        return new, Verdict(stop, any(opinions) if opinions else None)


@dataclass(frozen=True)
class MaxIterations(StopRule):
    """Stop once ``n`` iterations have been made, those of a resumed state counted in.

    Cost
    ----
    None.
    """

    n: int

    @property
    def most(self) -> int:
        return self.n

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if iterate.iteration < self.n:
            return None, GO_ON
        return None, Verdict(Status("max_iterations", f"the limit of {self.n} iterations was reached"))


def at_most(rule: StopRule, n: int) -> StopRule:
    """The rule with ``n`` iterations for its limit, in place of one that it may have had."""
    return AnyOf((*(r for r in rule.rules if not isinstance(r, MaxIterations)), MaxIterations(n)))
