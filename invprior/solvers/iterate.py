"""What stop rules and callbacks see of an iteration."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from invprior.problem import Problem
from invprior.solvers.base import Solver
from invprior.solvers.result import SolveState
from invprior.stop.base import StopRule


class Iterate:
    """One iteration, computed lazily: a value that no rule and no callback reads costs nothing and stalls no device.

    Attributes
    ----------
    iteration
        Number of the iteration, from 1, counted across resumed solves.
    seconds
        Time since the first solve began, without the pauses between resumed solves.
    reached
        The state that ``solve(..., state=...)`` goes on from as if it had never stopped; None for stop rules, which are
        asked before it is known.
    """

    def __init__(self, problem: Problem, solver: Solver[Any], state: Any, seconds: float) -> None:
        self.problem, self.solver, self.state, self.seconds = problem, solver, state, seconds
        self.iteration: int = state.iteration
        self.reached: SolveState | None = None
        self._rules: tuple[StopRule, Any] | None = None

    def after(self, rules: StopRule, reached: SolveState) -> None:
        """Note the state that was reached once the stop rules were asked."""
        self.reached, self._rules = reached, (rules, reached.memory)

    @cached_property
    def signals(self) -> dict[str, float]:
        """The signals that the solver and the stop rules watch, by name; of rules none while they are being asked."""
        rules = {} if self._rules is None else self._rules[0].log(self._rules[1])
        return {name: float(value) for name, value in self.solver.log(self.state).items()} | rules

    @cached_property
    def x(self) -> Tensor:
        """The estimate that the solver would return now."""
        with torch.no_grad():
            return self.problem.image(self.solver.estimate(self.state))

    @cached_property
    def latest(self) -> Tensor:
        """The image of this iteration alone; the estimate may be an average."""
        with torch.no_grad():
            return self.problem.image(self.state.x)

    @cached_property
    def value(self) -> float:
        """The objective."""
        with torch.no_grad():
            return float(self.solver.value(self.problem, self.state))

    @cached_property
    def gap(self) -> float | None:
        """The duality gap; None if the solver has none."""
        with torch.no_grad():
            gap = self.solver.gap(self.state)
        return None if gap is None else float(gap)

    @cached_property
    def scale(self) -> float:
        """The value that the gap is compared with: the objective minus constants."""
        with torch.no_grad():
            return float(self.solver.scale(self.problem, self.state))

    @cached_property
    def residual(self) -> float | None:
        """The gradient's norm relative to the start; None if the solver does not know it."""
        residual = self.solver.residual(self.state)
        return None if residual is None else float(residual)

    def row(self) -> dict[str, float]:
        """The line of this iteration in the history."""
        out = {"iteration": self.iteration, "seconds": self.seconds, "value": self.value}
        known = {"gap": self.gap, "residual": self.residual, **self.solver.log(self.state)}
        return out | {k: float(v) for k, v in known.items() if v is not None}
