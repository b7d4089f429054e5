"""A solver together with the stop rule it is meant to run with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from invprior.solvers.base import Solver
from invprior.stop import StopRule


@dataclass(frozen=True)
class Recipe:
    """What a preset names: the solver its settings were chosen for, and when to stop it."""

    solver: Solver[Any]
    stop: StopRule
