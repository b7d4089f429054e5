"""The interface of solvers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.stop import MaxIterations, Status, StopRule


@checked
@dataclass(frozen=True, eq=False)
class State:
    """What a solver carries from one iteration to the next: a value, never changed in place.

    Attributes
    ----------
    x
        The problem's variable: the image, or for a lifted prior the image with its auxiliary fields.
    derived
        Names of fields that are computed from the problem and set anew by every step; a pickled state omits them.
    """

    derived: ClassVar[tuple[str, ...]] = ()
    iteration: int
    x: Tensor

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in self.derived}


S = TypeVar("S", bound=State)


class Solver(ABC, Generic[S]):
    """An iterative method. A subclass is a frozen dataclass of settings; everything that changes is in its state.

    A subclass implements ``init`` and ``step``; everything else has a default. ``step`` is pure: the same state gives
    the same next state, bit for bit on a CPU, with ``iteration`` one higher. It runs without recording gradients, so
    that memory stays level; one that needs a gradient takes ``problem.gradient(x)`` or opens ``torch.enable_grad()``.
    """

    log_every: ClassVar[int] = 10  # iterations between two rows of the history
    of_parts: ClassVar[bool] = False  # True if it solves a problem with the parts of its prior, or hands them on

    def accept(self, problem: Problem) -> None:
        """Raise InvpriorError if this solver cannot solve the problem, or would leave out the parts of its prior."""
        if problem.prior.parts and not self.of_parts:
            raise InvpriorError(
                f"{type(self).__name__} takes one prior, and {problem.prior!r} is made of others, which have solvers "
                "of their own; leave the solver out, and the one that suits is taken"
            )
        self.check(problem)

    def check(self, problem: Problem) -> None:
        """Raise InvpriorError if this solver cannot solve the problem; the message names one that can.

        By default a solver moves pixels, and refuses a prior that has weights instead.
        """
        if problem.prior.parametrised:
            raise InvpriorError(
                f"{type(self).__name__} cannot fit {problem.prior!r}; take solvers.Adam() or solvers.Muon()"
            )

    @abstractmethod
    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> S:
        """The state before the first iteration, started from the variable ``x0`` if it is given."""

    @abstractmethod
    def step(self, problem: Problem, state: S) -> S:
        """The state one iteration later."""

    def default_stop(self) -> StopRule:
        """The stop rule if none is given: a limit of 1000 iterations unless a subclass knows better."""
        return MaxIterations(1000)

    def carry(self, problem: Problem, state: S, rng: torch.Generator) -> S:
        """A state to start this problem from, from the ``state`` of another problem of the same shape."""
        return self.init(problem, self.estimate(state), rng)

    @property
    def passes_infinity(self) -> bool:
        """True if the objective may be infinite on the way: constraints are met in the end alone."""
        return False

    def last(self, state: S) -> int | None:
        """The iteration at which the method ends by itself, as far as it knows; for the time that is left."""
        return None

    def ended(self, state: S) -> Status | None:
        """Why the method has ended by itself; None while it goes on."""
        return None

    def estimate(self, state: S) -> Tensor:
        """The variable whose image the solver would return in this state."""
        return state.x

    def value(self, problem: Problem, state: S) -> Tensor:
        """The objective at the estimate."""
        return problem.objective(self.estimate(state))

    def scale(self, problem: Problem, state: S) -> Tensor:
        """The value that the gap is compared with: the objective minus constants that the solver leaves out."""
        return self.value(problem, state)

    def gap(self, state: S) -> Tensor | None:
        """An upper bound of objective(x) − min objective; None if the solver has none."""
        return None

    def residual(self, state: S) -> Tensor | None:
        """The norm of the gradient relative to the one at the start; None if the solver does not know it."""
        return None

    def log(self, state: S) -> dict[str, Tensor]:
        """Extra columns of the history."""
        return {}
