"""Several priors solved side by side, and the convex combination of their images."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.loop import choose
from invprior.solvers.part import Part, advanced
from invprior.solvers.simplex import MOST, least_combination
from invprior.solvers.splitting import Watched, products, split
from invprior.stop import CONVERGED, GO_ON, AnyOf, IterateLike, Status, StopRule, Verdict


@dataclass(frozen=True, eq=False)
class Blended(State):
    """What each member has reached, and the weights of their images.

    Attributes
    ----------
    judged
        The members on the first part of the data, by which the weights are chosen.
    members
        The members whose images are blended: those without a network are solved once more, on all data; the others
        are the judged ones.
    """

    judged: tuple[Part, ...]
    members: tuple[Part, ...]
    weights: tuple[float, ...]
    seed: int


@dataclass(frozen=True)
class Blending(Solver[Blended]):
    """x = Σ_k w_k x_k: solves the problem with each prior, and weighs the images by data that none of them has fitted.

    The measurements are split in two (:func:`~invprior.solvers.splitting.split`): all members are solved on the first
    part, with their own solvers and stop rules, and

        w = argmin ‖A Σ_k w_k x_k − y₂‖²  over w ≥ 0, Σ_k w_k = 1

    on the second, y₂, which is an unbiased estimate of the squared error up to a constant. A weight may be 0. Members
    without a network are then solved once more, on all data.

    Parameters
    ----------
    priors
        The members, two to eight, each with its own weight.

    Raises
    ------
    InvpriorError
        If there are fewer than two priors, or more than eight; in ``solve``, if the data cannot be split.

    Cost
    ----
    An iteration is ten of every member, one of a network, side by side on the threads that torch has; the blend
    ends with the slowest. Memory: the sum of all members'.
    """

    priors: tuple[Prior, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.priors) <= MOST:
            raise InvpriorError(f"a blend has two to {MOST} members, got {len(self.priors)}")

    def check(self, problem: Problem) -> None:
        for one in self._cut(problem, 0).judged:
            choose(one).solver.check(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Blended:
        seed = int(torch.randint(2**31, (), generator=rng))
        start = problem.start() if x0 is None else x0
        nothing = tuple(Part() for _ in self.priors)
        return Blended(0, start, nothing, nothing, tuple(1 / len(self.priors) for _ in self.priors), seed)

    def step(self, problem: Problem, state: Blended) -> Blended:
        cut = self._cut(problem, state.seed)
        count = len(self.priors)
        problems, parts = [*cut.judged, *cut.whole], [*state.judged, *state.members]
        # a network is fitted once, to the first part of the data
        going = [k for k, p in enumerate(problems) if parts[k].status is None and not (k >= count and _fitted(p))]
        turns = [(problems[k], parts[k], state.seed + k % count) for k in going]
        for k, part in zip(going, _side_by_side(turns), strict=True):
            parts[k] = part
        judged = tuple(parts[:count])
        members = tuple(j if _fitted(p) else m for p, j, m in zip(cut.judged, judged, parts[count:], strict=True))
        weights = _weights(cut.watched, [part.x for part in judged])
        x = torch.stack([w * m.x for w, m in zip(weights, members, strict=True)]).sum(0)
        return Blended(state.iteration + 1, x, judged, members, weights, state.seed)

    def default_stop(self) -> StopRule:
        """None that stops, since :meth:`ended` ends the solve; a network's limit is what a progress bar counts to."""
        recipes = [prior.recipe() for prior in self.priors if prior.parametrised]
        limits = [r.stop.most for r in recipes if r is not None and r.stop.most is not None]
        return _Expected(max(limits)) if limits else AnyOf(())

    def ended(self, state: Blended) -> Status | None:
        """Once all members have ended."""
        if any(part.status is None for part in (*state.judged, *state.members)):
            return None
        weights = ", ".join(f"{w:.2f}" for w in state.weights)
        return Status(CONVERGED, f"all members have ended; their weights are {weights}")

    def log(self, state: Blended) -> dict[str, Tensor]:
        return {f"weight_{k}": torch.tensor(w) for k, w in enumerate(state.weights)}

    def _cut(self, problem: Problem, seed: int) -> _Cut:
        return problem.once(_Cut.made, self.priors, seed)


@dataclass(frozen=True)
class _Expected(StopRule):
    """Stops nothing; about ``n`` iterations are expected."""

    n: int

    @property
    def most(self) -> int:
        return self.n

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        return None, GO_ON


@dataclass(frozen=True, eq=False)
class _Cut:
    """The problem of every member on the first part of the data and on all, and what their images are judged by."""

    judged: tuple[Problem, ...]
    whole: tuple[Problem, ...]
    watched: tuple[Watched, ...]

    @classmethod
    def made(cls, problem: Problem, priors: tuple[Prior, ...], seed: int) -> _Cut:
        data, watched = split(problem.data_terms, seed)
        values = None if problem.dtype.is_complex else problem.values
        judged, whole = (
            tuple(Problem.from_terms(terms, prior, values) for prior in priors) for terms in (data, problem.data_terms)
        )
        return cls(judged, whole, watched)


def _fitted(problem: Problem) -> bool:
    """True of a member that costs too much to be solved twice."""
    return problem.prior.parametrised


def _side_by_side(turns: Sequence[tuple[Problem, Part, int]]) -> list[Part]:
    """Every part some iterations later; the threads that torch has are shared out."""
    threads = torch.get_num_threads()
    each = max(1, threads // max(len(turns), 1))

    def turn(problem: Problem, part: Part, seed: int) -> Part:
        torch.set_num_threads(each)  # of this thread alone
        return advanced(problem, part, seed)

    try:
        with ThreadPoolExecutor(max(1, min(len(turns), max(threads, 1)))) as pool:
            return list(pool.map(turn, *zip(*turns, strict=True)))
    finally:
        torch.set_num_threads(threads)


def _weights(watched: Sequence[Watched], images: Sequence[Tensor]) -> tuple[float, ...]:
    """The weights of the images; one that is not finite has none."""
    gram = products(watched, images)
    sound = np.isfinite(gram.diagonal())
    w = np.full(len(images), 0.0 if sound.any() else 1 / len(images))
    if sound.any():
        w[sound] = least_combination(gram[np.ix_(sound, sound)])
    return tuple(map(float, w))
