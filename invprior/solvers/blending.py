"""Several priors solved side by side, and the convex combination of their images."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.loop import choose
from invprior.solvers.part import Part, advanced
from invprior.solvers.simplex import least_combination
from invprior.solvers.splitting import Watched, products, split
from invprior.stop import CONVERGED, AnyOf, Status, StopRule


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
    """x = Σ_k w_k x_k: solves the problem with each member of its prior, and weighs their images.

    An iteration is ten of every member, one of a network; the solve ends with the slowest.
    """

    def check(self, problem: Problem) -> None:
        if len(problem.prior.parts) < 2:
            raise InvpriorError(f"Blending takes a prior with members, such as priors.Blend, got {problem.prior!r}")
        for one in problem.once(_members):
            choose(one).solver.check(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Blended:
        seed = int(torch.randint(2**31, (), generator=rng))
        problem.once(_Cut.made, seed)  # raises now if the data cannot be split
        start = problem.start() if x0 is None else x0
        count = len(problem.prior.parts)
        nothing = tuple(Part() for _ in range(count))
        return Blended(0, start, nothing, nothing, (1 / count,) * count, seed)

    def step(self, problem: Problem, state: Blended) -> Blended:
        cut = problem.once(_Cut.made, state.seed)
        count = len(problem.prior.parts)
        if len(state.members) != count:
            raise InvpriorError(
                f"the state is one of {len(state.members)} members, and the prior has {count}; start anew"
            )
        problems, parts = [*cut.judged, *problem.once(_members)], [*state.judged, *state.members]
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
        """None: :meth:`ended` ends the solve."""
        return AnyOf(())

    def ended(self, state: Blended) -> Status | None:
        """Once all members have ended."""
        if any(part.status is None for part in (*state.judged, *state.members)):
            return None
        weights = ", ".join(f"{w:.2f}" for w in state.weights)
        return Status(CONVERGED, f"all members have ended; their weights are {weights}")

    def log(self, state: Blended) -> dict[str, Tensor]:
        return {f"weight_{k}": torch.tensor(w) for k, w in enumerate(state.weights)}


@dataclass(frozen=True, eq=False)
class _Cut:
    """The problem of every member on the first part of the data, and what their images are judged by."""

    judged: tuple[Problem, ...]
    watched: tuple[Watched, ...]

    @classmethod
    def made(cls, problem: Problem, seed: int) -> _Cut:
        data, watched = split(problem.data_terms, seed)
        return cls(_members(problem, data), watched)


def _members(problem: Problem, data: Sequence[DataTerm] | None = None) -> tuple[Problem, ...]:
    """The problem of every member, of all data or of these; a network keeps its range of values."""
    values = None if problem.dtype.is_complex else problem.values
    terms = problem.data_terms if data is None else data
    return tuple(Problem.from_terms(terms, prior, values) for prior in problem.prior.parts)


def _fitted(problem: Problem) -> bool:
    """True of a member that costs too much to be solved twice: one with a network, or a blend of its own."""
    return problem.prior.fits_network or bool(problem.prior.parts)


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
    gram, price = products(watched, images)
    sound = np.isfinite(gram.diagonal())
    w = np.full(len(images), 0.0 if sound.any() else 1 / len(images))
    if sound.any():
        w[sound] = least_combination(gram[np.ix_(sound, sound)], price)
    return tuple(map(float, w))
