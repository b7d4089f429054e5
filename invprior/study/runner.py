"""The scheduler of a study: hands missing cells to workers and yields their outcomes."""

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

# Turns a cell into its job, or into its outcome if it cannot be solved.
Prepare = Callable[[Cell], CellJob | CellOutcome]


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """A running job, its slot, and whether it runs alone because a worker died with it before."""

    job: CellJob
    slot: str
    alone: bool


def run_cells(cells: Iterable[Cell], prepare: Prepare, workers: Workers) -> Iterator[CellOutcome]:
    """Yield outcomes as they come; a cell that crashes its worker affects only itself.

    When a process of this machine dies, any of the running jobs may be to blame. Each is run again alone, and fails if
    its process dies again.
    """
    waiting = deque(cells)
    suspects: deque[CellJob] = deque()
    under_way: dict[Future[CellOutcome], _UnderWay] = {}
    pending: CellJob | None = None  # prepared, and waiting for a slot or for memory
    while waiting or suspects or pending or under_way:
        if suspects and not under_way:
            _start(workers, under_way, _UnderWay(suspects.popleft(), workers.slots()[0], alone=True))
        while not suspects:
            if pending is None and waiting:
                prepared = prepare(waiting.popleft())
                if isinstance(prepared, CellOutcome):
                    yield prepared
                    continue
                pending = prepared
            slot = None if pending is None else _free(workers, pending, under_way)
            if pending is None or slot is None:
                break
            try:
                _start(workers, under_way, _UnderWay(pending, slot, alone=False))
            except BrokenExecutor:
                suspects.append(pending)
            pending = None
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            ended = under_way.pop(future)
            try:
                yield future.result()
            except BrokenExecutor:
                if ended.alone:
                    yield CellOutcome(ended.job.cell, failure=CRASHED)
                else:
                    suspects.append(ended.job)
            except CancelledError as error:
                raise InvpriorError(
                    "the connection to the cluster was lost; finished cells are kept, run the command again to resume"
                ) from error
            except Exception as error:  # such as Dask's KilledWorker, or a job that cannot be sent
                yield CellOutcome(ended.job.cell, failure=f"{type(error).__name__}: {error}")


def _free(workers: Workers, job: CellJob, under_way: dict[Future[CellOutcome], _UnderWay]) -> str | None:
    """A free slot, or None if there is none or the running jobs leave too little memory.

    None also while a job runs alone.
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
