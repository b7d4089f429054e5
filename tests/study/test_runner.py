"""Every cell has one outcome, whatever crashes; nothing runs that does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.study.cell import CellJob, CellOutcome
from invprior.study.plan import Cell, Scene
from invprior.study.runner import CRASHED, Prepare, run_cells
from invprior.study.source import Source
from invprior.study.workers import Workers

SCENE = Scene(Source("picture", Path("picture.png")), "identity", "rounding")


def cells(n: int) -> list[Cell]:
    return [Cell(SCENE, "none", k, f"{k:08}") for k in range(n)]


def job(cell: Cell, gigabytes: float | None = None) -> CellJob:
    nothing: Any = None
    return CellJob(cell, nothing, nothing, None, gigabytes)


class Simulated(Workers):
    """Jobs under way end when somebody waits; a deadly one breaks all beside it, as a dead process does."""

    def __init__(self, slots: int, deadly: Iterable[int] = (), gigabytes: float = float("inf")) -> None:
        self._slots, self.deadly, self.limit = [f"cpu {k}" for k in range(slots)], set(deadly), gigabytes
        self.under_way: dict[Future[CellOutcome], tuple[CellJob, str]] = {}
        self.finished: list[int] = []
        self.heaviest = 0.0

    @property
    def gigabytes(self) -> float:
        return self.limit

    def slots(self) -> list[str]:
        return self._slots

    def submit(self, new: CellJob, slot: str) -> Future[CellOutcome]:
        assert slot in self._slots
        assert slot not in {busy for _, busy in self.under_way.values()}
        future: Future[CellOutcome] = Future()
        self.under_way[future] = new, slot
        self.heaviest = max(self.heaviest, sum(j.gigabytes or 0 for j, _ in self.under_way.values()))
        return future

    def wait(self, futures: Iterable[Future[CellOutcome]], return_when: str) -> tuple[set[Future[CellOutcome]], None]:
        first = next(iter(futures))
        if not first.done():
            dead = any(j.cell.seed in self.deadly for j, _ in self.under_way.values())
            for future in list(self.under_way) if dead else [first]:
                done, _ = self.under_way.pop(future)
                if dead:
                    future.set_exception(BrokenExecutor("died"))
                else:
                    self.finished.append(done.cell.seed)
                    future.set_result(CellOutcome(done.cell, record={}))
        return {first}, None  # the deaths of the others are seen later, one by one

    def close(self, kill: bool) -> None:
        pass


def outcomes(workers: Simulated, found: list[Cell], prepare: Prepare = job) -> list[CellOutcome]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("invprior.study.runner.wait", workers.wait)
        return list(run_cells(found, prepare, workers))


@given(n=st.integers(0, 12), slots=st.integers(1, 4), deadly=st.sets(st.integers(0, 11), max_size=4))
def test_a_crash_costs_its_cell_alone(n: int, slots: int, deadly: set[int]) -> None:
    workers = Simulated(slots, deadly)
    ended = outcomes(workers, cells(n))
    assert sorted(o.cell.seed for o in ended) == list(range(n))
    assert {o.cell.seed for o in ended if o.failure == CRASHED} == deadly & set(range(n))
    assert sorted(workers.finished) == sorted(set(range(n)) - deadly)


@given(sizes=st.lists(st.floats(0, 8), max_size=10), slots=st.integers(1, 4))
def test_memory_is_shared_out(sizes: list[float], slots: int) -> None:
    workers = Simulated(slots, gigabytes=10.0)
    ended = outcomes(workers, cells(len(sizes)), lambda cell: job(cell, sizes[cell.seed]))
    assert len(ended) == len(sizes)
    assert workers.heaviest <= 10.0


def test_what_is_larger_than_the_memory_runs_alone() -> None:
    assert len(outcomes(Simulated(2, gigabytes=10.0), cells(2), lambda cell: job(cell, 20.0))) == 2


def test_what_cannot_be_prepared_is_an_outcome() -> None:
    def prepare(cell: Cell) -> CellJob | CellOutcome:
        return job(cell) if cell.seed else CellOutcome(cell, failure="a bad picture")

    failures = {o.cell.seed: o.failure for o in outcomes(Simulated(2), cells(3), prepare)}
    assert failures == {0: "a bad picture", 1: None, 2: None}


def test_a_cluster_that_goes_away_is_said() -> None:
    class Gone(Simulated):
        def submit(self, new: CellJob, slot: str) -> Future[CellOutcome]:
            future: Future[CellOutcome] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(InvpriorError, match="the connection to the cluster was lost"):
        list(run_cells(cells(1), job, Gone(1)))


def test_an_error_that_is_no_crash_is_the_cells_own() -> None:
    class Unsendable(Simulated):
        def submit(self, new: CellJob, slot: str) -> Future[CellOutcome]:
            future: Future[CellOutcome] = Future()
            future.set_exception(TypeError("cannot pickle"))
            return future

    (outcome,) = run_cells(cells(1), job, Unsendable(1))
    assert outcome.failure == "TypeError: cannot pickle"
    assert cast(Any, outcome.record) is None
