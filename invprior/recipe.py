"""A solver together with the stop rule it is meant to run with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from invprior.solvers import Restarts, Solver, Tiled
from invprior.stop import StopRule


@dataclass(frozen=True)
class Recipe:
    """What a preset names: the solver its settings were chosen for, and when to stop it."""

    solver: Solver[Any]
    stop: StopRule

    def in_tiles(self, size: int, overlap: int) -> Recipe:
        """The same on overlapping tiles; each of several fits is made in tiles, so that one rule ends it everywhere."""
        if isinstance(self.solver, Restarts):
            return Recipe(replace(self.solver, inner=Tiled(self.solver.inner, size, overlap)), self.stop)
        return Recipe(Tiled(self.solver, size, overlap), self.stop)
