"""One cell: a method on a measurement, solved and scored. Runs in a worker process."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import invprior.failure as failure
from invprior.runs.device import pick_device
from invprior.study.measurement import Trial
from invprior.study.methods.base import Asked, Compared
from invprior.study.peak import peak_memory
from invprior.study.pictures import pixels
from invprior.study.plan import Cell
from invprior.study.scores import scores
from invprior.study.watch import Watch

# One cell at a time per process, whatever a cluster sends: threads, memory and clock belong to the process.
_ALONE = threading.Lock()


@dataclass(frozen=True, eq=False)
class CellJob:
    """A cell with all that its solve needs, so that a worker reads no files.

    Attributes
    ----------
    limit
        Limit of iterations; None for the method's own stop rule alone.
    gigabytes
        Predicted memory of the solve in GB, or None.
    """

    cell: Cell
    trial: Trial
    method: Compared
    limit: int | None
    gigabytes: float | None


@dataclass(frozen=True, eq=False)
class CellOutcome:
    """The outcome of a cell, or a sentence that says what failed.

    Attributes
    ----------
    image
        The image (C, H, W) in float32, not clipped.
    picture
        The same for eyes, (H, W, C) in 8 bits.
    """

    cell: Cell
    record: dict[str, Any] | None = None
    image: NDArray[np.float32] | None = None
    picture: NDArray[np.uint8] | None = None
    failure: str | None = None


def execute(job: CellJob, device: str, threads: int) -> CellOutcome:
    """Solve and score; any error becomes the outcome of this cell."""
    with _ALONE:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return _execute(job, pick_device(device) if device == "auto" else device)
        except (Exception, SystemExit) as error:  # a bug in a user's operator must not lose the other cells
            if (sentence := failure.sentence(error)) is not None:
                return CellOutcome(job.cell, failure=sentence)
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{last.filename}:{last.lineno}"
            return CellOutcome(job.cell, failure=f"{type(error).__name__}: {error or 'no message'} ({where})")
        finally:
            torch.set_num_threads(before)


def _execute(job: CellJob, device: str) -> CellOutcome:
    cell, truth = job.cell, job.trial.truth.to(device)
    watch = Watch(truth)
    asked = Asked(job.trial.measured.to(device), cell.solve_seed, job.limit, watch)
    with peak_memory(device) as peak:
        answer = job.method.answer(asked)
    seconds = (answer.record["seconds_weight"], answer.record["seconds_solve"])
    record = {
        "memory_mb": peak.megabytes,
        **answer.record,
        "key": cell.key,
        "measurement": cell.measurement,
        "picture": cell.scene.source.name,
        "prior": cell.prior,
        "operator_spec": cell.scene.operator,
        "noise_spec": cell.scene.noise,
        "seed": cell.seed,
        "solve_seed": cell.solve_seed,
        "seconds": sum(s for s in seconds if s is not None),
        "memory_gb_predicted": job.gigabytes,
        **scores(answer.x.clamp(0, 1), truth),
        "curve": watch.curve,
    }
    x = np.ascontiguousarray(answer.x.detach().float().cpu().numpy())
    return CellOutcome(cell, record, x, pixels(answer.x))
