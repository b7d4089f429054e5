"""One cell: a prior on a measurement, solved and scored. Runs in a worker process."""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from invprior.errors import InvpriorError
from invprior.loop import choose, solve
from invprior.operator import LinearOperator
from invprior.operators.mask import put_back
from invprior.problem import DataTerm, Problem
from invprior.runs.device import pick_device
from invprior.runs.memory import check_memory
from invprior.runs.record import run_record
from invprior.runs.weighing import weigh
from invprior.stop import at_most
from invprior.study.measurement import Measurement
from invprior.study.peak import peak_memory
from invprior.study.plan import Cell
from invprior.study.prior_spec import PriorChoice
from invprior.study.scores import scores
from invprior.study.watch import Watch

# Threads, memory and clock are those of the process: one cell at a time in each, whatever a cluster sends it.
_ALONE = threading.Lock()


@dataclass(frozen=True, eq=False)
class Job:
    """A cell with all that its solve needs, so that a worker needs no file.

    Attributes
    ----------
    limit
        Iterations at most, None for the prior's own stop rule alone.
    gigabytes
        What the solve will take, where it is known beforehand.
    """

    cell: Cell
    measurement: Measurement
    choice: PriorChoice
    limit: int | None
    gigabytes: float | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a cell: a record and the picture (H, W, C) in 8 bits, or the sentence that says what failed."""

    cell: Cell
    record: dict[str, Any] | None = None
    picture: NDArray[np.uint8] | None = None
    failure: str | None = None


def execute(job: Job, device: str, threads: int) -> Outcome:
    """Solve and score; whatever goes wrong is the cell's own outcome."""
    with _ALONE:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return _execute(job, pick_device(device) if device == "auto" else device)
        except InvpriorError as error:
            return Outcome(job.cell, failure=str(error))
        except Exception as error:  # a bug in someone's operator is no reason to lose the other cells
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{last.filename}:{last.lineno}"
            return Outcome(job.cell, failure=f"{type(error).__name__}: {error or 'no message'} ({where})")
        finally:
            torch.set_num_threads(before)


def _execute(job: Job, device: str) -> Outcome:
    cell, given = job.cell, job.measurement
    A, y, truth = given.operator.to(device), given.y.to(device), given.truth.to(device)
    spec = job.choice.spec(A)
    check_memory(spec, A.in_shape, device)
    data = (DataTerm(A, y, given.noise),)
    watch = Watch(truth)
    with peak_memory(device) as peak:
        begin = time.perf_counter()
        weighted = weigh(spec, data, job.choice.weight, cell.seed)
        weighing = time.perf_counter() - begin
        problem = Problem.from_terms(data, weighted.prior)
        recipe = choose(problem)
        stop = recipe.stop if job.limit is None else at_most(recipe.stop, job.limit)
        result = solve(problem, recipe.solver, stop=stop, callbacks=[watch], seed=cell.seed)
    x = result.x.clamp(0, 1)
    if given.exact and isinstance(A, LinearOperator):
        x = put_back(x, A, y).clamp(0, 1)
    solving = watch.seconds(result.iterations)
    record = {
        "key": cell.key,
        "picture": cell.scene.source.name,
        **run_record(problem, result, spec, job.choice.preset, cell.seed),
        "prior": cell.prior,
        "operator_spec": cell.scene.operator,
        "noise_spec": cell.scene.noise,
        "weight": weighted.weight,
        "weight_rule": weighted.rule,
        "seconds": weighing + solving,
        "seconds_weight": weighing,
        "seconds_solve": solving,
        "kept_seconds": watch.seconds(result.kept),
        "memory_mb": peak.megabytes,
        "memory_gb_predicted": job.gigabytes,
        **scores(x, truth),
        "curve": watch.curve,
        "history": [row | {"seconds": watch.seconds(int(row["iteration"]))} for row in result.history],
    }
    pixels = x.mul(255).round().to(torch.uint8).movedim(-3, -1).cpu().numpy()
    return Outcome(cell, record, np.ascontiguousarray(pixels))
