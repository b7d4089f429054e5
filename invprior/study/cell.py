"""One cell: a prior on a measurement, solved and scored. Runs in a worker process."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import invprior.failure as failure
from invprior.purpose import Purpose
from invprior.runs.device import pick_device
from invprior.runs.memory import check_memory
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import suiting
from invprior.runs.weighing import Weight
from invprior.specs import PriorSpec
from invprior.study.measurement import Trial
from invprior.study.peak import peak_memory
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
        Limit of iterations; None for the prior's own stop rule alone.
    gigabytes
        Predicted memory of the solve in GB, or None.
    """

    cell: Cell
    trial: Trial
    prior: PriorSpec
    limit: int | None
    gigabytes: float | None


@dataclass(frozen=True, eq=False)
class CellOutcome:
    """The outcome of a cell: a record and the picture (H, W, C) in 8 bits, or a sentence that says what failed."""

    cell: Cell
    record: dict[str, Any] | None = None
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
    measured = job.trial.measured.to(device)
    A = measured.data[0].operator
    prior = job.prior.made(Purpose(suiting(A)))
    check_memory(prior, job.prior.text, A.in_shape, device)
    weight: Weight = "auto" if job.prior.weight is None else job.prior.weight
    how = Restoration(weight, job.limit, cell.seed)
    watch = Watch(truth)
    with peak_memory(device) as peak:
        restored = how.run(measured, prior, callbacks=[watch])
    result, x = restored.result, restored.x.clamp(0, 1)
    solving = watch.seconds(result.iterations)
    record = {
        "key": cell.key,
        "picture": cell.scene.source.name,
        **restored.record(job.prior, cell.seed),
        "prior": cell.prior,
        "operator_spec": cell.scene.operator,
        "noise_spec": cell.scene.noise,
        "seconds": restored.seconds_weight + solving,
        "seconds_weight": restored.seconds_weight,
        "seconds_solve": solving,
        "kept_seconds": watch.seconds(result.kept),
        "memory_mb": peak.megabytes,
        "memory_gb_predicted": job.gigabytes,
        **scores(x, truth),
        "curve": watch.curve,
        "history": [row | {"seconds": watch.seconds(int(row["iteration"]))} for row in result.history],
    }
    pixels = x.mul(255).round().to(torch.uint8).movedim(-3, -1).cpu().numpy()
    return CellOutcome(cell, record, np.ascontiguousarray(pixels))
