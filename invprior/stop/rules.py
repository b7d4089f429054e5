"""Stop rules: when to stop, and which iterate to keep.

A rule is frozen configuration; what it remembers is a value that ``solve`` threads through, so that a resumed solve
goes on as if it had never stopped. Rules join with ``|``: the first to stop stops all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invprior.status import Status

if TYPE_CHECKING:
    from invprior.iterate import Iterate
    from invprior.problem import Problem

CONVERGED = "converged"


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
    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
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

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
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

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        if iterate.iteration < self.n:
            return None, GO_ON
        return None, Verdict(Status("max_iterations", f"the limit of {self.n} iterations was reached"))


def at_most(rule: StopRule, n: int) -> StopRule:
    """The rule with ``n`` iterations for its limit, in place of one that it may have had."""
    return AnyOf((*(r for r in rule.rules if not isinstance(r, MaxIterations)), MaxIterations(n)))


@dataclass(frozen=True)
class RelativeGap(StopRule):
    """Stop once the duality gap is at most ``tol`` times the objective; looked at every ``every`` iterations.

    What the data hold where the operator sees no pixel, as in the hole of a mask, does not count into the objective.
    One below a thousandth per measured value counts as that much: beside a likelihood it is zero.

    Cost
    ----
    A look takes the solver's gap: every operator and its adjoint once more.
    """

    tol: float = 1e-4
    every: int = 10

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        if iterate.iteration % self.every:
            return None, GO_ON
        excess = self.excess(iterate)
        if excess is None or not excess <= 1:  # a NaN compares false
            return None, GO_ON
        return None, Verdict(Status(CONVERGED, f"the relative duality gap fell to {self.tol:g}"))

    def excess(self, iterate: Iterate) -> float | None:
        """The gap over the one to stop at; None where there is none."""
        gap = iterate.gap
        return None if gap is None else gap / (self.tol * max(abs(iterate.scale), 1e-3 * iterate.problem.size))


@dataclass(frozen=True)
class Stationary(StopRule):
    """Stop once the gradient's norm is at most ``tol`` times the one at the start; for solvers that report it.

    Cost
    ----
    None: the solver knows its residual.
    """

    tol: float = 1e-5

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        residual = iterate.residual
        if residual is None or not residual <= self.tol:
            return None, GO_ON
        return None, Verdict(Status(CONVERGED, f"the relative residual fell to {self.tol:g}"))


@dataclass(frozen=True)
class Discrepancy(StopRule):
    """Stop once the data are fitted to the noise level, ‖Ax − y‖² ≤ factor²·E‖n‖² (Morozov 1966).

    Looked at every ``every`` iterations, from ``min_start`` on, and on the iterate itself rather than on a running
    average of iterates, which fits the data worse and the truth better. The estimate it stops at is the one to keep,
    whatever the rules beside it kept before.

    Cost
    ----
    A look applies every operator of the data once.

    References
    ----------
    - Morozov, "On the solution of functional equations by the method of regularization", Soviet Math. Dokl. 7 (1966).
    """

    factor: float = 1.0
    every: int = 5
    min_start: int = 20

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        if iterate.iteration % self.every or iterate.iteration < self.min_start:
            return memory, GO_ON
        misfit = level = 0.0
        x = iterate.problem.image(iterate.state.x)
        for d in iterate.problem.data_terms:
            residual = d.operator(x) - d.y
            misfit += float(residual.abs().square().sum())
            # what fits exactly was not measured: the hole of a mask
            level += d.noise.residual_level(d.y) * int(residual.count_nonzero())
        ratio = misfit / level if level else 0.0
        if ratio > self.factor**2:
            return ratio, GO_ON
        return ratio, Verdict(Status(CONVERGED, "the residual fell to the noise level"), keep=True)

    def log(self, memory: float | None) -> dict[str, float]:
        return {} if memory is None else {"discrepancy": memory}
