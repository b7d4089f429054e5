"""A network whose input is the picture that another prior gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.prior import Prior
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.loop import choose
from invprior.solvers.part import Part, advanced
from invprior.stop import AnyOf, Status, StopRule


@dataclass(frozen=True, eq=False)
class Guided(State):
    """The solve of the guide, then that of the network."""

    guide: Part
    network: Part
    seed: int


@dataclass(frozen=True)
class Guiding(Solver[Guided]):
    """First solves the problem with ``guide``, then with the prior that ``follow`` makes of the image.

    Parameters
    ----------
    guide
        The prior whose image the other one is given.
    follow
        Makes a prior of an image.

    Cost
    ----
    That of both, one after the other.
    """

    guide: Prior
    follow: Callable[[Tensor], Prior]

    def check(self, problem: Problem) -> None:
        for one in (self._guide(problem), self._network(problem, problem.back_projection())):
            choose(one).solver.check(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Guided:
        seed = int(torch.randint(2**31, (), generator=rng))
        return Guided(0, problem.start() if x0 is None else x0, Part(), Part(), seed)

    def step(self, problem: Problem, state: Guided) -> Guided:
        guide, network = state.guide, state.network
        if guide.status is None:
            guide = advanced(self._guide(problem), guide, state.seed)
        elif network.status is None:
            network = advanced(self._network(problem, guide.x), network, state.seed)
        latest = guide if network.result is None else network
        return Guided(state.iteration + 1, latest.x, guide, network, state.seed)

    def default_stop(self) -> StopRule:
        """None: :meth:`ended` ends the solve."""
        return AnyOf(())

    def ended(self, state: Guided) -> Status | None:
        return state.network.status

    def _guide(self, problem: Problem) -> Problem:
        return problem.once(_with, self.guide)

    def _network(self, problem: Problem, image: Tensor) -> Problem:
        return Problem.from_terms(problem.data_terms, self.follow(image), problem.values)


def _with(problem: Problem, prior: Prior) -> Problem:
    return Problem.from_terms(problem.data_terms, prior, problem.values)
