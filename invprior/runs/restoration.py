"""The pipeline from measurements to a restored image: weight, problem, recipe, solve, put back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.mask import put_back
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.runs.checkpoint import Part
from invprior.runs.record import Named, run_record
from invprior.runs.weighing import Weight, Weighted, weigh
from invprior.solvers import Solver
from invprior.solvers.loop import Callback, choose, solve
from invprior.solvers.mosaic import OVERLAP
from invprior.solvers.recipe import Recipe
from invprior.solvers.result import Result, SolveState
from invprior.solvers.waiting import InMemory, OnDisk
from invprior.stop import AnyOf, RelativeGap, StopRule
from invprior.stop.base import INTERRUPTED
from invprior.uncertainty import ErrorMap, error_map
from invprior.values import Values


class Watch(Protocol):
    """Shows a running solve: called with its stop rule, it gives a callback and a rule that can end the solve."""

    def __call__(self, stop: StopRule) -> AbstractContextManager[tuple[Callback, StopRule]]: ...


@dataclass(frozen=True, eq=False)
class Measured:
    """The measurements of one image.

    Attributes
    ----------
    data
        The data terms.
    noise_rule
        How the noise level was found: given, estimated, …
    exact
        True if known pixels are as exact as the file can hold them; they are then returned as measured.
    values
        The range of the image's values, where it is known, see :attr:`Problem.values <invprior.Problem.values>`.
    """

    data: tuple[DataTerm, ...]
    noise_rule: str
    exact: bool
    values: Values | None = None

    def to(self, device: str) -> Measured:
        """The same measurements on another device."""
        moved = tuple(DataTerm(d.operator.to(device), d.y.to(device), d.noise) for d in self.data)
        return replace(self, data=moved)

    def put_back(self, x: Tensor) -> Tensor:
        """The image with the known pixels of a mask as measured, if the measurement is exact."""
        return put_back(x, self.data[0].operator, self.data[0].y) if self.exact else x

    def error_map(self, problem: Problem, result: Result, seed: int) -> ErrorMap:
        """The error expected at each pixel of the image: of those that are put back, the rounding error."""
        error = error_map(problem, result, seed=seed)
        if not self.exact:
            return error
        rounding = torch.full_like(error.standard, self.data[0].sigma)
        return replace(error, standard=put_back(error.standard, self.data[0].operator, rounding))


@dataclass(frozen=True)
class Restoration:
    """Settings of a restoration, the same for every image.

    Parameters
    ----------
    weight
        λ of the penalty, or the rule that chooses it, see :data:`~invprior.runs.weighing.Weight`.
    iterations
        A limit below the prior's own, which every solve of the search for a weight has too; None for the prior's own.
    seed
        Seed of all random numbers.
    tile
        Height and width of the tiles to solve in, in pixels of the image; None solves it whole.
    gap
        The relative duality gap at which a convex solve ends; None for the solver's own.
    solver, stop
        Replace the solver and stop rule that suit the problem.
    """

    weight: Weight = "auto"
    iterations: int | None = None
    seed: int = 0
    tile: int | None = None
    gap: float | None = None
    solver: Solver[Any] | None = None
    stop: StopRule | None = None

    def run(
        self,
        measured: Measured,
        prior: Prior,
        *,
        watch: Watch | None = None,
        callbacks: Sequence[Callback] = (),
        x0: Tensor | None = None,
        checkpoint: Part | None = None,
    ) -> Restored:
        """Restore the image of these measurements.

        Parameters
        ----------
        prior
            The prior, its penalty unweighted unless :attr:`weight` is ``own``.
        watch
            Shows the solve and may end it, see :class:`Watch`.
        callbacks
            Called with every iterate, as by :func:`~invprior.solve`.
        x0
            The image to start from; not for a network.
        checkpoint
            Where the solve goes on from, and where its states are written; one that has ended is not solved again.

        Raises
        ------
        InvpriorError
            If no solver suits the prior, a tile is too small for the operator, or the checkpoint is of another problem.
        """
        begin = time.perf_counter()
        overlap = self.overlap(measured.data)
        reached = None if checkpoint is None else checkpoint.reached
        if reached is None:
            weighted = weigh(prior, measured.data, self.weight, self.seed, self.iterations)
        else:
            weighted = reached.weighted(prior)
        problem = Problem.from_terms(measured.data, weighted.prior, measured.values)
        recipe = self.recipe(problem)
        if self.tile is not None and overlap is not None:
            # a step on pixels takes less time than its state takes to be read and written
            shelf = OnDisk() if prior.parametrised else InMemory()
            recipe = recipe.in_tiles(self.tile, overlap, shelf)
        seconds = time.perf_counter() - begin
        result = None
        if checkpoint is not None:
            checkpoint.starts(weighted, problem)
            callbacks = [*callbacks, checkpoint]
            result = checkpoint.finished(recipe)
        if result is None:
            state = None if reached is None else reached.state
            result = self._solved(problem, recipe, watch, callbacks, None if state is not None else x0, state)
            if checkpoint is not None:
                checkpoint.ended(result)
        return Restored(measured.put_back(result.x), problem, result, weighted, measured.noise_rule, seconds)

    def _solved(
        self,
        problem: Problem,
        recipe: Recipe,
        watch: Watch | None,
        callbacks: Sequence[Callback],
        x0: Tensor | None,
        state: SolveState | None,
    ) -> Result:
        seed = self.seed
        if watch is None:
            return solve(problem, recipe.solver, stop=recipe.stop, x0=x0, callbacks=callbacks, seed=seed, state=state)
        with watch(recipe.stop) as (callback, interrupt):
            everyone, rule = [callback, *callbacks], recipe.stop | interrupt
            return solve(problem, recipe.solver, stop=rule, x0=x0, callbacks=everyone, seed=seed, state=state)

    def recipe(self, problem: Problem) -> Recipe:
        """The solver and stop rule for a problem, with the limits of these settings."""
        recipe = choose(problem) if self.solver is None else Recipe(self.solver, self.solver.default_stop())
        stop = self.stop or recipe.stop
        if self.gap is not None:
            stop = AnyOf(tuple(RelativeGap(self.gap) if isinstance(r, RelativeGap) else r for r in stop.rules))
        return Recipe(recipe.solver, stop).at_most(self.iterations)

    def overlap(self, data: Sequence[DataTerm]) -> int | None:
        """Pixels that neighbouring tiles share; None if the image is solved whole."""
        if self.tile is None or max(data[0].operator.in_shape[-2:]) <= self.tile:
            return None
        reach = max((d.operator.reach for d in data if isinstance(d.operator, LinearOperator)), default=0)
        if 4 * reach > self.tile:
            raise InvpriorError(
                f"the blur reaches over {reach} pixels; take tiles of {4 * reach} pixels or more for it"
            )
        # the outer quarter of an overlap has no share in the result: there A's kernel lacks data from beyond the cut
        return min(max(OVERLAP, 4 * reach), self.tile // 2)


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored image and the run that gave it.

    Attributes
    ----------
    x
        The image, not clipped; the known pixels of a mask are put back if the measurement is exact.
    weighted
        The prior with the weight that was used.
    seconds_weight
        Time to choose the weight; ``result.seconds`` is that of the solve.
    """

    x: Tensor
    problem: Problem
    result: Result
    weighted: Weighted
    noise_rule: str
    seconds_weight: float

    @property
    def interrupted(self) -> bool:
        """True if Ctrl-C ended the solve."""
        return self.result.status.name == INTERRUPTED

    def record(self, prior: Named, seed: int) -> dict[str, Any]:
        """The run record, as a dict that JSON can hold."""
        return {
            **run_record(self.problem, self.result, prior, seed),
            "sigma": self.problem.data_terms[0].sigma,
            "noise_rule": self.noise_rule,
            "weight": self.weighted.weight,
            "weight_rule": self.weighted.rule,
        }
