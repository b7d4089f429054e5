"""A solver together with the stop rule it is meant to run with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from invprior.arguments import checked
from invprior.solvers.base import Solver
from invprior.solvers.restarts import Restarts
from invprior.solvers.tiled import Tiled
from invprior.solvers.waiting import OnDisk, Shelf
from invprior.stop import StopRule, at_most


@checked
@dataclass(frozen=True)
class Recipe:
    """The solver that the settings of a prior or preset were chosen for, and when to stop it."""

    solver: Solver[Any]
    stop: StopRule

    @property
    def may_end_early(self) -> bool:
        """True if other rules than a limit may end the solve, or each of its fits."""
        rule = self.solver.each if isinstance(self.solver, Restarts) else self.stop
        return len(rule.rules) > 1

    def at_most(self, iterations: int | None) -> Recipe:
        """The recipe with another limit of iterations; None leaves it as it is."""
        return self if iterations is None else Recipe(self.solver, at_most(self.stop, iterations))

    def also(self, rule: StopRule) -> Recipe:
        """The recipe whose solve, or each of whose fits, this rule may end too."""
        if isinstance(self.solver, Restarts):
            return Recipe(replace(self.solver, each=self.solver.each | rule), self.stop)
        return Recipe(self.solver, self.stop | rule)

    def in_tiles(self, size: int, overlap: int, shelf: Shelf | None = None) -> Recipe:
        """The recipe on overlapping tiles, which wait on disk unless another ``shelf`` is given.

        Restarts wrap the tiles, so that one rule ends a fit on all of them.
        """
        shelf = OnDisk() if shelf is None else shelf
        if isinstance(self.solver, Restarts):
            return Recipe(replace(self.solver, inner=Tiled(self.solver.inner, size, overlap, shelf)), self.stop)
        return Recipe(Tiled(self.solver, size, overlap, shelf), self.stop)
