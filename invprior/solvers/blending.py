"""Several priors solved side by side, and the convex combination of their images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.operators.mask import put_back
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.descent import Descent
from invprior.solvers.judgement import weighed
from invprior.solvers.loop import choose
from invprior.solvers.part import Part, advanced, finished
from invprior.solvers.splitting import Watched, split
from invprior.stop import CONVERGED, AnyOf, Status, StopRule

JUDGED, WHOLE = "judged", "whole"
# Iterations after which the weights are chosen anew, besides when a member begins or ends: they take a tenth of a
# network's iteration or more.
EVERY = 10
# What to do next, by the data that it takes and the member's number.
_Turns = dict[tuple[str, int], Callable[[], Part]]


@dataclass(frozen=True, eq=False)
class Blended(State):
    """What each member has reached, and the weights of their images.

    Attributes
    ----------
    judged
        The members on the first part of the data, by which the weights are chosen.
    whole
        The members on all data. A network is the judged one, unless it has a weight and values were held out.
    put_back
        True if the pixels that a mask leaves are known better than any member restores them: they do not judge, and
        the blend has them as measured.
    """

    judged: tuple[Part, ...]
    whole: tuple[Part, ...]
    weights: tuple[float, ...]
    put_back: bool
    seed: int

    @property
    def members(self) -> tuple[Part, ...]:
        """The members whose images are blended: those on all data as soon as they have ended.

        One that has not begun has no image, and no weight.
        """
        return tuple(j if w.status is None else w for j, w in zip(self.judged, self.whole, strict=True))


@dataclass(frozen=True)
class Blending(Solver[Blended]):
    """x = Σ_k w_k x_k: solves the problem with each member of its prior, and weighs their images.

    Members without a network go first, side by side: they are short, and a picture is there soon. Then networks, with
    all threads, and at last those that are fitted to what was held out too. An iteration is ten of every member whose
    turn it is, one of a network.
    """

    of_parts: ClassVar[bool] = True

    def check(self, problem: Problem) -> None:
        if len(problem.prior.parts) < 2:
            raise InvpriorError(f"Blending takes a prior with members, such as priors.Blend, got {problem.prior!r}")
        for one in problem.once(_members):
            choose(one).solver.accept(one)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Blended:
        seed = int(torch.randint(2**31, (), generator=rng))
        problem.once(_Cut.made, seed)  # raises now if the data cannot be split
        start = problem.start() if x0 is None else x0
        count = len(problem.prior.parts)
        nothing = tuple(Part() for _ in range(count))
        return Blended(0, start, nothing, nothing, (1 / count,) * count, False, seed)

    def step(self, problem: Problem, state: Blended) -> Blended:
        cut = problem.once(_Cut.made, state.seed)
        count = len(problem.prior.parts)
        if len(state.judged) != count:
            raise InvpriorError(
                f"the state is one of {len(state.judged)} members, and the prior has {count}; start anew"
            )
        turns = _next_turns(problem, cut, state)
        parts = dict(zip(turns, _side_by_side(list(turns.values())), strict=True))
        judged = tuple(parts.get((JUDGED, k), part) for k, part in enumerate(state.judged))
        whole = tuple(parts.get((WHOLE, k), part) for k, part in enumerate(state.whole))
        weights, back = state.weights, state.put_back
        due = (state.iteration + 1) % EVERY == 0 or _standing(judged) != _standing(state.judged)
        if due and JUDGED in {what for what, _ in turns}:
            begun = [k for k, part in enumerate(judged) if part.result is not None]
            images = [judged[k].x for k in begun]
            back = _measured_better(cut.watched, images)
            judges = [w for w in cut.watched if not (back and w.limited)]
            found = dict(zip(begun, weighed(judges, images, [_of_all_data(cut, whole, k) for k in begun]), strict=True))
            weights = tuple(found.get(k, 0.0) for k in range(count))
        if all(part.status is not None for part in judged):
            kept = [_fitted(p) and not (cut.thinned and weights[k] > 0) for k, p in enumerate(cut.judged)]
            whole = tuple(j if same else w for same, j, w in zip(kept, judged, whole, strict=True))
        new = replace(state, iteration=state.iteration + 1, judged=judged, whole=whole, weights=weights)
        shown = [(w, m.x) for w, m in zip(weights, new.members, strict=True) if m.result is not None]
        x = torch.stack([w * image for w, image in shown]).sum(0)
        for d in problem.data_terms if back else ():
            x = put_back(x, d.operator, d.y)
        return replace(new, x=x, put_back=back)

    @property
    def passes_infinity(self) -> bool:
        """True: a member's method may, and an image that is not finite is told by itself."""
        return True

    def default_stop(self) -> StopRule:
        """None: :meth:`ended` ends the solve."""
        return AnyOf(())

    def ended(self, state: Blended) -> Status | None:
        """Once all members have ended."""
        if any(part.status is None for part in (*state.judged, *state.whole)):
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
    thinned: bool  # values were held out

    @classmethod
    def made(cls, problem: Problem, seed: int) -> _Cut:
        data, watched = split(problem.data_terms, seed)
        thinned = any(bool((d.observed & ~f.observed).any()) for d, f in zip(problem.data_terms, data, strict=True))
        return cls(_members(problem, data), watched, thinned)


def _members(problem: Problem, data: Sequence[DataTerm] | None = None) -> tuple[Problem, ...]:
    """The problem of every member, of all data or of these; a network keeps its range of values."""
    values = None if problem.dtype.is_complex else problem.values
    terms = problem.data_terms if data is None else data
    return tuple(Problem.from_terms(terms, prior, values) for prior in problem.prior.parts)


def _fitted(problem: Problem) -> bool:
    """True of a member that costs too much to be solved twice without need: one with a network, or a blend."""
    return problem.prior.fits_network or bool(problem.prior.parts)


def _next_turns(problem: Problem, cut: _Cut, state: Blended) -> _Turns:
    """Members without a network until they have ended, then networks, then those that have a weight on all data.

    Such a network goes on if it found no noise to end at; another one is fitted anew.
    """
    plain: _Turns = {}
    networks: _Turns = {}
    on_all: _Turns = {}
    for k, (p, judged, whole) in enumerate(zip(problem.once(_members), state.judged, state.whole, strict=True)):
        seed = state.seed + k
        if judged.status is None:
            (networks if _fitted(p) else plain)[JUDGED, k] = partial(advanced, cut.judged[k], judged, seed)
        if whole.status is not None:
            continue
        if not _fitted(p):
            plain[WHOLE, k] = partial(advanced, p, whole, seed)
        elif judged.reached_limit and isinstance(choose(p).solver, Descent):
            on_all[WHOLE, k] = partial(finished, p, whole, judged)
        else:
            on_all[WHOLE, k] = partial(advanced, p, whole, seed)
    return plain or networks or on_all


def _side_by_side(turns: Sequence[Callable[[], Part]]) -> list[Part]:
    """Every part some iterations later; the threads that torch has are shared out.

    One alone stays in the caller's thread: a new one would start a team of threads for each iteration.
    """
    if len(turns) == 1:
        return [turns[0]()]
    threads = torch.get_num_threads()
    each = max(1, threads // max(len(turns), 1))

    def taken(turn: Callable[[], Part]) -> Part:
        torch.set_num_threads(each)  # of this thread alone
        return turn()

    try:
        with ThreadPoolExecutor(max(1, min(len(turns), max(threads, 1)))) as pool:
            return list(pool.map(taken, turns))
    finally:
        torch.set_num_threads(threads)


def _standing(parts: Sequence[Part]) -> list[tuple[bool, bool]]:
    """Of each part whether it has begun, and whether it has ended."""
    return [(part.result is not None, part.status is not None) for part in parts]


def _of_all_data(cut: _Cut, whole: Sequence[Part], k: int) -> Tensor | None:
    """What a member without a network has made of all data so far; a network starts from the first part of them."""
    return None if _fitted(cut.judged[k]) or whole[k].result is None else whole[k].x


def _measured_better(watched: Sequence[Watched], images: Sequence[Tensor]) -> bool:
    """True if the measured values of masks are closer to the truth than any image is there."""
    limited = [w for w in watched if w.limited]
    return bool(limited) and all(w.error(x) > w.limit for w in limited for x in images)
