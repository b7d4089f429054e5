"""A network whose input is the picture that another prior gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
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
    """First solves the problem with the member of its prior, then with the prior that follows the image."""

    of_parts: ClassVar[bool] = True

    def check(self, problem: Problem) -> None:
        if len(problem.prior.parts) != 1:
            raise InvpriorError(f"Guiding takes a prior with one member, such as priors.Guided, got {problem.prior!r}")
        for one in (problem.once(_guide), _network(problem, problem.back_projection())):
            choose(one).solver.accept(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Guided:
        seed = int(torch.randint(2**31, (), generator=rng))
        return Guided(0, problem.start() if x0 is None else x0, Part(), Part(), seed)

    def step(self, problem: Problem, state: Guided) -> Guided:
        guide, network = state.guide, state.network
        if guide.status is None:
            guide = advanced(problem.once(_guide), guide, state.seed)
        elif network.status is None:
            network = advanced(_network(problem, guide.x), network, state.seed)
        latest = guide if network.result is None else network
        return Guided(state.iteration + 1, latest.x, guide, network, state.seed)

    def default_stop(self) -> StopRule:
        """None: :meth:`ended` ends the solve."""
        return AnyOf(())

    def ended(self, state: Guided) -> Status | None:
        return state.network.status


def _guide(problem: Problem) -> Problem:
    return Problem.from_terms(problem.data_terms, problem.prior.parts[0], problem.values)


def _network(problem: Problem, image: Tensor) -> Problem:
    return Problem.from_terms(problem.data_terms, problem.prior.following(image), problem.values)
