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
from invprior.stop import AnyOf, HeldOut, Status, StopRule, hold_out
from invprior.stop.held_out import PartlyFitted

# Share of noisy values that the network does not fit and that end it: it starts from an image that fits the data, so
# that no noise level can. Without them F16 of 96×96 pixels has 29.98 dB after 200 steps, with them 30.99.
WATCHED = 0.02
RULE = HeldOut(patience=60, min_start=35)
# Values below which they tell nothing, and noise, as a share of the range of the image, that is not worth watching.
FEW, FAINT = 50, 0.004


@dataclass(frozen=True, eq=False)
class Guided(State):
    """The solve of the guide, then that of the network."""

    guide: Part
    network: Part
    seed: int


@dataclass(frozen=True)
class Guiding(Solver[Guided]):
    """First solves the problem with the member of its prior, then with the prior that follows the image.

    The second solve leaves a few noisy values out, and ends where they are predicted best.
    """

    of_parts: ClassVar[bool] = True

    def check(self, problem: Problem) -> None:
        if len(problem.prior.parts) != 1:
            raise InvpriorError(f"Guiding takes a prior with one member, such as priors.Guided, got {problem.prior!r}")
        if problem.dtype.is_complex or problem.full_shape != problem.shape:
            kind = "complex" if problem.dtype.is_complex else f"a batch, {problem.full_shape}"
            raise InvpriorError(
                f"{problem.prior!r} shows its network one real picture, and the image is {kind}; take the network or "
                "the other prior alone"
            )
        for one in (problem.once(_guide), _following(problem, problem.back_projection())):
            choose(one).solver.accept(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Guided:
        seed = int(torch.randint(2**31, (), generator=rng))
        return Guided(0, problem.start() if x0 is None else x0, Part(), Part(), seed)

    def step(self, problem: Problem, state: Guided) -> Guided:
        guide, network = state.guide, state.network
        if guide.status is None:
            guide = advanced(problem.once(_guide), guide, state.seed)
        elif network.status is None:
            watched = problem.once(_watched, state.seed)
            posed = _following(problem if watched is None else watched, guide.x)
            network = advanced(posed, network, state.seed, None if watched is None else RULE)
        latest = guide if network.result is None else network
        return Guided(state.iteration + 1, latest.x, guide, network, state.seed)

    @property
    def passes_infinity(self) -> bool:
        """True: a member's method may, and an image that is not finite is told by itself."""
        return True

    def default_stop(self) -> StopRule:
        """None: :meth:`ended` ends the solve."""
        return AnyOf(())

    def ended(self, state: Guided) -> Status | None:
        return state.network.status


def _guide(problem: Problem) -> Problem:
    return Problem.from_terms(problem.data_terms, problem.prior.parts[0], problem.values)


def _following(problem: Problem, image: Tensor) -> Problem:
    return Problem.from_terms(problem.data_terms, problem.prior.following(image), problem.values)


def _watched(problem: Problem, seed: int) -> Problem | None:
    """The problem without the values that end the network; None where there are none to watch."""
    data = problem.data_terms
    low, high = problem.values
    if (
        any(d.noise.correlation is not None or isinstance(d, PartlyFitted) for d in data)
        or min(int(d.observed.count_nonzero()) for d in data) * WATCHED < FEW
        or max(d.sigma / abs(d.gain or 1.0) for d in data) < FAINT * (high - low)
    ):
        return None
    return hold_out(problem, WATCHED, seed)
