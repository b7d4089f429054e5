"""The workers that solve cells: processes of this machine, or a running Dask cluster."""

from __future__ import annotations

import os
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import torch
from joblib.externals import loky

import invprior.machine as machine
from invprior.errors import InvpriorError
from invprior.runs.allocator import tune_allocator
from invprior.runs.device import pick_device
from invprior.runs.environment import calm, of_threads
from invprior.study.cell import CellJob, CellOutcome, execute


class Workers(ABC):
    """Solves jobs in other processes; a slot runs one job at a time."""

    @abstractmethod
    def slots(self) -> list[str]:
        """The slots that exist now."""

    @abstractmethod
    def submit(self, job: CellJob, slot: str) -> Future[CellOutcome]:
        """Start a job in a free slot.

        The future raises BrokenExecutor if the job's worker died, or may have died; so does this call if a death had
        not been noticed yet.
        """

    @abstractmethod
    def close(self, kill: bool) -> None:
        """Release the workers; with ``kill``, end their running jobs."""

    @property
    def gigabytes(self) -> float:
        """Memory in GB that all running jobs share."""
        return float("inf")


class LocalWorkers(Workers):
    """Processes of joblib's loky: ``jobs`` of them, by default one per ``threads`` processors, or one per GPU.

    Parameters
    ----------
    jobs
        Limit of jobs at a time; None for one per processor or GPU.
    device
        ``auto``, ``cpu`` or ``cuda``.
    threads
        Threads of a job.

    Raises
    ------
    InvpriorError
        If this machine has no such device.
    """

    def __init__(self, jobs: int | None, device: str, threads: int) -> None:
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if pick_device(device) == "cuda":
            self._slots = [f"cuda:{k}" for k in range(torch.cuda.device_count())][:jobs]
        else:
            self._slots = [f"cpu {k}" for k in range(jobs or max(1, processors // threads))]
        self.threads = threads
        self._executor: Any = None

    def slots(self) -> list[str]:
        return self._slots

    def submit(self, job: CellJob, slot: str) -> Future[CellOutcome]:
        # the same processes as before, or new ones if one has died
        self._executor = loky.get_reusable_executor(
            len(self._slots),
            initializer=_begin,
            initargs=(os.getpid(),),
            kill_workers=True,
            env=of_threads(self.threads) | calm(os.environ),  # for methods that compute outside torch
        )
        future: Future[CellOutcome] = self._executor.submit(execute, job, slot.split()[0], self.threads)
        return future

    def close(self, kill: bool) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)

    @property
    def gigabytes(self) -> float:
        if self._slots[0].startswith("cuda"):
            return float("inf")
        return machine.memory()


class DaskWorkers(Workers):
    """The workers of a running cluster, one job at a time on each; Dask itself repeats the job of a worker that died.

    A job takes the number of threads that it is given, whatever the worker was started with.

    Raises
    ------
    InvpriorError
        If ``distributed`` is not installed, no scheduler answers at the address, or the cluster has no workers.
    """

    def __init__(self, address: str, device: str, threads: int) -> None:
        try:
            import distributed
        except ImportError as error:
            raise InvpriorError("a cluster needs Dask; pip install distributed") from error
        try:
            dask: Any = distributed
            self._client = dask.Client(address, timeout=10)
        except (OSError, ValueError, TypeError) as error:
            raise InvpriorError(f"no Dask scheduler answers at {address!r}; start one with dask scheduler") from error
        if not self._workers():
            self._client.close()
            raise InvpriorError(f"the cluster at {address} has no workers; start some with dask worker {address}")
        self._executor = self._client.get_executor(pure=False)
        self.device, self.threads = device, threads

    def slots(self) -> list[str]:
        return list(self._workers()) or ["the first worker to come"]

    def submit(self, job: CellJob, slot: str) -> Future[CellOutcome]:
        future: Future[CellOutcome] = self._executor.submit(execute, job, self.device, self.threads)
        return future

    def close(self, kill: bool) -> None:
        self._executor.shutdown(wait=not kill)
        self._client.close()

    def _workers(self) -> dict[str, Any]:
        by_address: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return by_address


def _begin(parent: int) -> None:
    """Initialise a process of this machine: it ends when its parent ends, even if the parent was killed."""
    tune_allocator()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def workers(jobs: int | None, device: str, cluster: str | None, threads: int) -> Iterator[Workers]:
    """Workers for a block, released at its end and killed if it raises."""
    pool: Workers = LocalWorkers(jobs, device, threads) if cluster is None else DaskWorkers(cluster, device, threads)
    with warnings.catch_warnings():
        # loky replaces a process whose memory has grown, as with a large picture; no result is lost
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        try:
            yield pool
        except BaseException:
            pool.close(kill=True)
            raise
        pool.close(kill=False)
