"""``ip.compare``: solve the missing cells of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.purpose import Purpose
from invprior.runs.memory import predicted
from invprior.runs.tasks import suiting
from invprior.study.cell import CellJob, CellOutcome
from invprior.study.measurement import Trial, measure
from invprior.study.plan import DEFAULT_PRIORS, Cell, Scene, Study
from invprior.study.report import write_report
from invprior.study.result import Comparison
from invprior.study.runner import run_cells
from invprior.study.source import open_source, sources
from invprior.study.store import Store
from invprior.study.workers import workers

# Called before the study starts, with the cells that are on disk already, and after every outcome.
Listener = Callable[["Progress"], None]


@dataclass(frozen=True, eq=False)
class Progress:
    """Progress of a study: all its cells, the records of the finished ones, the failures, and the latest outcome."""

    cells: tuple[Cell, ...]
    records: dict[Cell, dict[str, Any]]
    failures: dict[Cell, str]
    slots: int
    latest: CellOutcome | None = None


@checked
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
    baseline: str | None = None,
    oracle: bool = False,
    jobs: int | None = None,
    device: str = "auto",
    cluster: str | None = None,
) -> Comparison:
    """Compare priors on pictures whose truth is known.

    Every combination is solved once per seed, in processes of this machine. Finished cells stay in ``output``; the same
    call resumes an interrupted study. Each prior has its automatic weight and its own stop rule; the truth is used for
    scores only.

    Parameters
    ----------
    clean
        Files of clean pictures.
    output
        The folder for ``report.html``, ``results.csv``, ``table.tex``, ``table.md`` and a folder for each cell.
    operators, noises, priors
        Specs as on the command line: ``lanczos:4``, ``mask:0.5``, ``blur:psf.png``, ``module:make_operator``;
        ``gaussian:0.1``, ``rounding``; ``tv``, ``tv:0.05``, ``dip:preset=paper``, ``dip+tv``.
    degraded
        Files of existing measurements, one for each clean picture.
    seeds
        Number of solves of each cell.
    crop
        Use only the middle ``crop`` × ``crop`` pixels.
    iterations
        Limit of iterations in every solve.
    baseline
        The prior that the verdicts compare the others with; None for ``tv``, or ``none`` where ``tv`` is not compared.
    oracle
        Show also the PSNR of each solve's best iterate, which only the truth tells, and what stopping elsewhere costs.
    jobs
        Cells solved at a time; None for one per processor or GPU.
    device
        ``auto``, ``cpu`` or ``cuda``.
    cluster
        Address of a running Dask scheduler to solve on.

    Raises
    ------
    InvpriorError
        If an argument cannot be read or does not fit; a picture that fails affects only its own cells.
    """
    if isinstance(clean, str | Path):
        raise InvpriorError(f"compare takes a list of pictures as clean, got {str(clean)!r}; write [{str(clean)!r}]")
    study = Study(
        sources=sources([Path(p) for p in clean], [Path(p) for p in degraded]),
        operators=tuple(operators),
        noises=tuple(noises),
        priors=tuple(priors),
        seeds=seeds,
        crop=crop,
        iterations=iterations,
        baseline=baseline,
        oracle=oracle,
    )
    return run_study(study, Path(output), jobs=jobs, device=device, cluster=cluster)


def run_study(
    study: Study,
    output: Path,
    *,
    again: str | None = None,
    jobs: int | None = None,
    device: str = "auto",
    cluster: str | None = None,
    listener: Listener = lambda progress: None,
) -> Comparison:
    """Solve the cells of a study that are not on disk yet; each is saved as soon as it is finished.

    ``again`` is the command that repeats the study, for the report; None for a call of :func:`compare`.
    """
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
        for outcome in run_cells([c for c in cells if c not in records], prepare, pool):
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
        write_report(result, store, partial(trial, study), again or _call(study, output))
        store.text("table.tex", result.latex())
        store.text("table.md", result.markdown())
    return result


def _call(study: Study, output: Path | str) -> str:
    """The call of :func:`compare` that repeats a study."""
    degraded = [str(s.degraded) for s in study.sources if s.degraded is not None]
    settings = {
        "operators": study.operators,
        "noises": study.noises,
        "priors": study.priors,
        **({"degraded": degraded} if degraded else {}),
        "seeds": study.seeds,
        "crop": study.crop,
        "iterations": study.iterations,
        **({"baseline": study.baseline} if study.baseline else {}),
        **({"oracle": True} if study.oracle else {}),
    }
    arguments = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return f"invprior.compare({[str(s.clean) for s in study.sources]!r}, output={str(output)!r}, {arguments})"


class _Preparation:
    """Turns a cell into its job; all priors of a scene and seed share one measurement."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._last: tuple[Scene, int] | None = None
        self._made: Trial | InvpriorError

    def __call__(self, cell: Cell) -> CellJob | CellOutcome:
        if self._last != (cell.scene, cell.seed):
            self._last = (cell.scene, cell.seed)
            try:
                self._made = trial(self.study, cell.scene, cell.seed)
            except InvpriorError as error:
                self._made = error
        if isinstance(self._made, InvpriorError):
            return CellOutcome(cell, failure=str(self._made))
        spec, A = self.study.prior_specs[cell.prior], self._made.operator
        own = spec.setting("iterations", "")
        limits = [n for n in (self.study.iterations, int(own) if own else None) if n is not None]
        gigabytes = predicted(spec.made(Purpose(suiting(A))), A.in_shape)
        return CellJob(cell, self._made, spec, min(limits, default=None), gigabytes)


def trial(study: Study, scene: Scene, seed: int) -> Trial:
    """The measurement that all priors of a scene share; one seed gives the same in every process."""
    subject = open_source(scene.source, study.crop)
    operator = study.operator_specs[scene.operator]
    return called(f"measure with {scene.operator}", lambda: measure(subject, operator, scene.noise, seed))
