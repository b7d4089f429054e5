"""Rules that use the solver's certificate, or the noise level."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from invprior.stop.base import CONVERGED, GO_ON, IterateLike, Status, StopRule, Verdict


@dataclass(frozen=True)
class RelativeGap(StopRule):
    """Stop once the duality gap is at most ``tol`` times the objective; checked every ``every`` iterations.

    Data that depend on no pixel, as in the hole of a mask, do not count towards the objective. An objective below a
    thousandth per measured value counts as that much, since it is zero compared with a likelihood.

    Cost
    ----
    A check computes the solver's gap: every operator and its adjoint once more.
    """

    tol: float = 1e-4
    every: int = 10

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if iterate.iteration % self.every:
            return None, GO_ON
        excess = self.excess(iterate)
        if excess is None or not excess <= 1:  # a NaN compares false
            return None, GO_ON
        return None, Verdict(Status(CONVERGED, f"the relative duality gap fell to {self.tol:g}"))

    def excess(self, iterate: IterateLike) -> float | None:
        """The gap over the one to stop at; None if the solver has no gap."""
        gap = iterate.gap
        return None if gap is None else gap / (self.tol * max(abs(iterate.scale), 1e-3 * iterate.problem.size))


class Fallen(NamedTuple):
    """The memory of :class:`Stalled`: the gap or value when it had last fallen enough, and the iteration of that."""

    value: float = inf
    at: int = 0


@dataclass(frozen=True)
class Stalled(StopRule):
    """Stop once the duality gap, or without one the objective, has not fallen in the last third of the iterations.

    A first-order method lowers its gap by a third in that time at the least, 1/k, until the rounding of the values
    keeps it where it is: data that are nearly exact reach it in single precision before a relative gap of 10⁻⁴, while
    the objective itself is within some millionths of its minimum. A gap has fallen if a quarter is gone, and only one
    of at most ``below`` times the objective counts, since one that is far from zero may rest before it falls. An
    objective has not fallen if it is within ``rest`` times itself of what it was; twice that is then left to fall, if
    it falls like 1/k. Checked every ``every`` iterations from ``min_start`` on.

    Cost
    ----
    A check computes the solver's gap: every operator and its adjoint once more.
    """

    below: float = 3e-3
    rest: float = 5e-5
    every: int = 10
    min_start: int = 100

    def update(self, memory: Fallen | None, iterate: IterateLike) -> tuple[Fallen, Verdict]:
        fallen, k = memory or Fallen(), iterate.iteration
        if k % self.every:
            return fallen, GO_ON
        gap, size = iterate.gap, max(abs(iterate.scale), 1e-300)
        rested = k >= self.min_start + 1.5 * fallen.at
        if gap is None and not all(t.functional.valued for t in iterate.problem.terms):
            return fallen, GO_ON
        if gap is None:
            value = iterate.value
            if not abs(value - fallen.value) <= self.rest * size:
                return Fallen(value, k), GO_ON
            return fallen, Verdict(Status(CONVERGED, "the objective falls no more")) if rested else GO_ON
        if gap < 0.75 * fallen.value:
            return Fallen(gap, k), GO_ON
        if not gap / size <= self.below or not rested:
            return fallen, GO_ON
        return fallen, Verdict(Status(CONVERGED, f"the duality gap stays at {gap / size:.1g} of the objective"))


@dataclass(frozen=True)
class Stationary(StopRule):
    """Stop once the gradient's norm is at most ``tol`` times the one at the start; for solvers that report it.

    Cost
    ----
    None: the solver knows its residual.
    """

    tol: float = 1e-5

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        residual = iterate.residual
        if residual is None or not residual <= self.tol:
            return None, GO_ON
        return None, Verdict(Status(CONVERGED, f"the relative residual fell to {self.tol:g}"))


@dataclass(frozen=True)
class Discrepancy(StopRule):
    """Stop once the data are fitted to the noise level, ‖y − E(y | Ax)‖² ≤ factor²·E‖n‖² (Morozov 1966).

    Checked every ``every`` iterations from ``min_start`` on, and on the iterate itself: a running average of iterates
    fits the data worse and the truth better. The estimate at which this rule stops is kept, whatever other rules kept
    before.

    Cost
    ----
    A check applies every operator of the data once.

    References
    ----------
    - Morozov, "On the solution of functional equations by the method of regularization", Soviet Math. Dokl. 7 (1966).
    """

    factor: float = 1.0
    every: int = 5
    min_start: int = 20

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if iterate.iteration % self.every or iterate.iteration < self.min_start:
            return memory, GO_ON
        ratio = iterate.problem.discrepancy(iterate.latest)
        if ratio > self.factor**2:
            return ratio, GO_ON
        return ratio, Verdict(Status(CONVERGED, "the residual fell to the noise level"), keep=True)

    def log(self, memory: float | None) -> dict[str, float]:
        return {} if memory is None else {"discrepancy": memory}
