"""``ip.compare``: run what is missing of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from invprior.errors import InvpriorError
from invprior.runs.memory import predicted
from invprior.study.cell import Job, Outcome
from invprior.study.command import command
from invprior.study.measurement import Measurement, measure
from invprior.study.plan import DEFAULT_PRIORS, Cell, Scene, Study
from invprior.study.report import write_report
from invprior.study.result import Comparison
from invprior.study.runner import run
from invprior.study.source import open_source, sources
from invprior.study.store import Store
from invprior.study.workers import workers

# Hears of the study before it starts, with the cells that are on disk already, and of every outcome.
Listener = Callable[["Progress"], None]


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a study is: all its cells, the records of the finished ones, what failed, and the latest outcome."""

    cells: tuple[Cell, ...]
    records: dict[Cell, dict[str, Any]]
    failures: dict[Cell, str]
    slots: int
    latest: Outcome | None = None


def compare(
    clean: Sequence[Path | str],
    *,
    output: Path | str,
    operators: Sequence[str] = ("identity",),
    noises: Sequence[str] = ("rounding",),
    priors: Sequence[str] = DEFAULT_PRIORS,
    degraded: Sequence[Path | str] = (),
    seeds: int = 3,
    crop: int | None = None,
    iterations: int | None = None,
    jobs: int | None = None,
    device: str = "auto",
    cluster: str | None = None,
) -> Comparison:
    """Compare priors on pictures whose truth is known.

    Every combination is solved once a seed, in processes of this machine; finished cells stay in ``output``, and a
    study that was cut off goes on there. Each prior has its automatic weight and its own stop rule; the truth scores,
    and nothing else.

    Parameters
    ----------
    clean
        Files of clean pictures.
    output
        The folder for ``report.html``, ``results.csv`` and a folder for each cell.
    operators, noises, priors
        Specs as on the command line: ``lanczos:4``, ``mask:0.5``, ``blur:psf.png``, ``module:make_operator``;
        ``gaussian:0.1``, ``rounding``; ``tv``, ``tv:0.05``, ``dip:preset=paper``, ``dip+tv``.
    degraded
        Measurements that exist already, one for each clean picture.
    seeds
        How many times each cell is solved.
    crop
        Look at the middle ``crop`` × ``crop`` pixels alone.
    iterations
        A limit for every solve.
    jobs
        Cells at a time; None for one a processor or GPU.
    device
        ``auto``, ``cpu`` or ``cuda``.
    cluster
        The address of a running Dask scheduler, to solve there.

    Raises
    ------
    InvpriorError
        If something of this cannot be read, or does not fit; a picture that fails costs its cells alone.
    """
    study = Study(
        sources=sources([Path(p) for p in clean], [Path(p) for p in degraded]),
        operators=tuple(operators),
        noises=tuple(noises),
        priors=tuple(priors),
        seeds=seeds,
        crop=crop,
        iterations=iterations,
    )
    return run_study(study, Path(output), jobs=jobs, device=device, cluster=cluster)


def run_study(
    study: Study,
    output: Path,
    *,
    jobs: int | None = None,
    device: str = "auto",
    cluster: str | None = None,
    listener: Listener = lambda progress: None,
) -> Comparison:
    """Solve the cells of a study that are not on disk yet, each kept as soon as it is finished."""
    if jobs is not None and jobs < 1:
        raise InvpriorError(f"jobs takes a whole number of 1 or more, got {jobs}")
    store = Store(output)
    cells = tuple(study.cells())
    with workers(jobs, device, cluster) as pool, store.opened():
        on_disk = {cell: store.record(cell) for cell in cells}
        records = {cell: record for cell, record in on_disk.items() if record is not None}
        failures: dict[Cell, str] = {}
        store.rewrite_table(list(records))
        slots = len(pool.slots())
        listener(Progress(cells, records, failures, slots))
        prepare = _Preparation(study)
        for outcome in run([c for c in cells if c not in records], prepare, pool):
            if outcome.record is None:
                failures[outcome.cell] = outcome.failure or "no reason was given"
            else:
                store.keep(outcome)
                store.add_line(outcome)
                records[outcome.cell] = store.finished(outcome.cell)
            listener(Progress(cells, records, failures, slots, outcome))
        ordered = {cell: records[cell] for cell in cells if cell in records}
        store.rewrite_table(list(ordered))
        result = Comparison(study, output, ordered, failures)
        write_report(result, store, partial(measurement, study), command(study, output))
    return result


class _Preparation:
    """From a cell to its job; the measurement is made once for all priors of a scene and seed."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._last: tuple[Scene, int] | None = None
        self._made: Measurement | InvpriorError

    def __call__(self, cell: Cell) -> Job | Outcome:
        if self._last != (cell.scene, cell.seed):
            self._last = (cell.scene, cell.seed)
            try:
                self._made = measurement(self.study, cell.scene, cell.seed)
            except InvpriorError as error:
                self._made = error
        if isinstance(self._made, InvpriorError):
            return Outcome(cell, failure=str(self._made))
        choice = self.study.prior_choices[cell.prior]
        limits = [n for n in (self.study.iterations, choice.iterations) if n is not None]
        A = self._made.operator
        return Job(cell, self._made, choice, min(limits, default=None), predicted(choice.spec(A), A.in_shape))


def measurement(study: Study, scene: Scene, seed: int) -> Measurement:
    """What all priors see of a scene: the same in every process, for the same seed."""
    subject = open_source(scene.source, study.crop)
    try:
        return measure(subject, study.operator_specs[scene.operator], scene.noise, seed)
    except InvpriorError:
        raise
    except Exception as error:  # of a user's operator
        raise InvpriorError(f"operator {scene.operator!r}: {type(error).__name__}: {error}") from error
