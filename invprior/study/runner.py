"""The grid, cell by cell: hand out what is missing, give back what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass

from invprior.errors import InvpriorError
from invprior.study.cell import CellJob, CellOutcome
from invprior.study.plan import Cell
from invprior.study.workers import Workers

CRASHED = "the worker process died, and again when the cell ran alone; it may need more memory than there is"

# From a cell to its job, or to the outcome where there is none to do.
Prepare = Callable[[Cell], CellJob | CellOutcome]


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """A job, the slot it runs in, and whether it runs alone because a worker has died on it before."""

    job: CellJob
    slot: str
    alone: bool


def run_cells(cells: Iterable[Cell], prepare: Prepare, workers: Workers) -> Iterator[CellOutcome]:
    """The outcomes in the order in which they come; a cell that crashes its worker costs itself alone.

    When a process of this machine dies, nobody can say which of the jobs under way was to blame. Each is tried again
    on its own, and one with which it happens again has failed.
    """
    waiting = deque(cells)
    suspects: deque[CellJob] = deque()
    under_way: dict[Future[CellOutcome], _UnderWay] = {}
    held: CellJob | None = None  # prepared, and waiting for a slot or for memory
    while waiting or suspects or held or under_way:
        if suspects and not under_way:
            _start(workers, under_way, _UnderWay(suspects.popleft(), workers.slots()[0], alone=True))
        while not suspects:
            if held is None and waiting:
                made = prepare(waiting.popleft())
                if isinstance(made, CellOutcome):
                    yield made
                    continue
                held = made
            slot = None if held is None else _free(workers, held, under_way)
            if held is None or slot is None:
                break
            try:
                _start(workers, under_way, _UnderWay(held, slot, alone=False))
            except BrokenExecutor:
                suspects.append(held)
            held = None
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            was = under_way.pop(future)
            try:
                yield future.result()
            except BrokenExecutor:
                if was.alone:
                    yield CellOutcome(was.job.cell, failure=CRASHED)
                else:
                    suspects.append(was.job)
            except CancelledError as error:
                raise InvpriorError(
                    "the cluster went away; the finished cells are kept, and the same command goes on"
                ) from error
            except Exception as error:  # such as Dask's KilledWorker, or a job that cannot be sent
                yield CellOutcome(was.job.cell, failure=f"{type(error).__name__}: {error}")


def _free(workers: Workers, job: CellJob, under_way: dict[Future[CellOutcome], _UnderWay]) -> str | None:
    """A free slot, where there is one and memory for the job beside what those under way will take.

    None beside a job that is tried on its own.
    """
    slots = workers.slots()
    if not under_way:
        return slots[0]
    if any(other.alone for other in under_way.values()):
        return None
    taken = sum(other.job.gigabytes or 0.0 for other in under_way.values())
    if len(under_way) >= len(slots) or taken + (job.gigabytes or 0.0) > workers.gigabytes:
        return None
    busy = {other.slot for other in under_way.values()}
    return next(slot for slot in slots if slot not in busy)


def _start(workers: Workers, under_way: dict[Future[CellOutcome], _UnderWay], new: _UnderWay) -> None:
    under_way[workers.submit(new.job, new.slot)] = new
