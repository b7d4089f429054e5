"""A file from which an interrupted restoration goes on, and a finished one is written again without a solve."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io.whole import check_place, whole_file
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.runs.pacing import Pace
from invprior.runs.weighing import Weighted, with_weights
from invprior.solvers.iterate import Iterate
from invprior.solvers.recipe import Recipe
from invprior.solvers.result import Result, SolveState
from invprior.stop import Status
from invprior.stop.base import INTERRUPTED, LIMIT

FORMAT = "invprior checkpoint 1"
# Seconds until a state is first written, and between two; writing takes at most a twentieth of the time.
FIRST, PAUSE = 20.0, 10.0


@dataclass(frozen=True, eq=False)
class Ended:
    """The end of a solve: why, and the image of the iteration that was kept."""

    status: Status
    x: Tensor
    kept: int
    iterations: int

    def result(self, state: SolveState, recipe: Recipe) -> Result:
        """What ``solve`` returned then."""
        kept, iterations = self.kept, self.iterations
        return Result(
            self.x, self.status, kept, iterations, state.history, state.seconds, state, recipe.solver, recipe.stop
        )


@dataclass(frozen=True, eq=False)
class Reached:
    """How far a solve came: its weight, the state to go on from if there is more to do, and its end if it has one."""

    weight: float | None
    rule: str
    scales: tuple[float, ...]
    state: SolveState
    ended: Ended | None

    def weighted(self, prior: Prior) -> Weighted:
        """The prior with the weight that was chosen then."""
        return Weighted(with_weights(prior, self.scales), self.weight, self.rule, self.scales)


class Checkpoint:
    """The file of the solves of one restoration: one, or one for each part of a picture that is solved by itself.

    The file is a pickle: opening one runs what is in it, so take those of your own only.

    Parameters
    ----------
    path
        The file; what it holds is gone on from.

    Attributes
    ----------
    prior, seed
        The prior and the seed that it belongs to; the prior is None before anything is in the file.

    Raises
    ------
    InvpriorError
        If the file is none of these, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self.path = path
        self.prior: str | None = None
        self._seed: int | None = None
        self._parts: dict[int, Reached] = {}
        if path.exists():
            self._read()

    def belongs(self, prior: str, seed: int) -> None:
        """Note the prior and the seed; raises if the file is of others."""
        if self.prior is not None and (self.prior, self._seed) != (prior, seed):
            raise InvpriorError(
                f"{self.path} belongs to a run with the prior {self.prior} and seed {self._seed}, and this one has "
                f"{prior} and seed {seed}; remove it to start anew, or give another place"
            )
        self.prior, self._seed = prior, seed

    def part(self, number: int) -> Part:
        """The place of the solve of this number."""
        return Part(self, number, self._parts.get(number))

    def _read(self) -> None:
        none = InvpriorError(f"{self.path} is not a whole checkpoint; remove it, or give another place")
        try:
            held = pickle.loads(self.path.read_bytes())
        except OSError as error:
            raise InvpriorError(f"cannot read {self.path}: {error.strerror or error}") from error
        except Exception as error:  # a pickle of something else can raise anything
            raise none from error
        if not isinstance(held, dict) or held.get("format") != FORMAT:
            raise none
        self.prior, self._seed, self._parts = held["prior"], held["seed"], held["parts"]

    def write(self, number: int, reached: Reached) -> None:
        """Write the file with a new state of one solve, whole or not at all."""
        self._parts[number] = reached
        held = {"format": FORMAT, "prior": self.prior, "seed": self._seed, "parts": self._parts}
        with whole_file(self.path) as temporary:
            temporary.write_bytes(pickle.dumps(held, protocol=5))


class Part:
    """The place of one solve in a checkpoint; a callback that writes its state every ten seconds or more."""

    def __init__(self, checkpoint: Checkpoint, number: int, reached: Reached | None) -> None:
        self._checkpoint, self._number, self.reached = checkpoint, number, reached
        self._weighted: Weighted | None = None
        self._network = False
        self._pace = Pace(PAUSE, FIRST)

    def starts(self, weighted: Weighted, problem: Problem) -> None:
        """Note what is solved; raises if what was reached is of another problem."""
        self._weighted, self._network = weighted, problem.prior.parametrised
        if self.reached is not None and self.reached.state.mark != problem.mark:
            raise InvpriorError(
                f"{self._checkpoint.path} belongs to another picture, or to other settings; remove it to start anew, "
                "or give another place"
            )

    def __call__(self, iterate: Iterate) -> None:
        reached = iterate.reached
        if reached is not None:
            self._pace.run(lambda: self._write(reached, None))

    def ended(self, result: Result) -> None:
        """Write the end of the solve.

        Of a penalty's that ended by itself only the image is kept: the state is many images large, and nothing can be
        added to it.
        """
        state = result.state
        if result.status.name not in (LIMIT, INTERRUPTED) and not self._network:
            state = replace(state, solver_state=None, memory=None, kept_x=None)
        self._write(state, Ended(result.status, result.x, result.kept, result.iterations))

    def finished(self, recipe: Recipe) -> Result | None:
        """The result, if the solve ended and is not to take more iterations."""
        if self.reached is None or self.reached.ended is None:
            return None
        ended = self.reached.ended
        more = recipe.stop.most is None or recipe.stop.most > ended.iterations
        if ended.status.name in (LIMIT, INTERRUPTED) and more:
            return None
        return ended.result(self.reached.state, recipe)

    def _write(self, state: SolveState, ended: Ended | None) -> None:
        assert self._weighted is not None
        w = self._weighted
        self.reached = Reached(w.weight, w.rule, w.scales, state, ended)
        self._checkpoint.write(self._number, self.reached)
