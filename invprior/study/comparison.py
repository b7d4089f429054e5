"""``ip.compare``: solve the missing cells of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from invprior.arguments import checked, shown
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.study.cell import CellJob, CellOutcome
from invprior.study.contents import Contents
from invprior.study.draws import data_seed
from invprior.study.measurement import Trial, measure
from invprior.study.methods.reading import MethodLike, PriorLike
from invprior.study.plan import DEFAULT_PRIORS, TIME_LIMIT, Cell, Scene, Study
from invprior.study.result import Comparison
from invprior.study.runner import run_cells
from invprior.study.source import open_source, sources
from invprior.study.store import CONTENTS, Store
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
    priors: Sequence[PriorLike] = DEFAULT_PRIORS,
    methods: Sequence[MethodLike] = (),
    degraded: Sequence[Path | str] = (),
    seeds: int = 3,
    crop: int | None = None,
    iterations: int | None = None,
    baseline: str | None = None,
    oracle: bool = False,
    threads: int = 1,
    time_limit: float = TIME_LIMIT,
    jobs: int | None = None,
    device: str = "auto",
    cluster: str | None = None,
) -> Comparison:
    """Compare priors, and methods of others, on pictures whose truth is known.

    Every combination is solved once per seed, in processes of this machine. Finished cells stay in ``output``; the same
    call resumes an interrupted study. Each prior has its automatic weight and its own stop rule; the truth is used for
    scores only. Every picture and seed has a mask and a noise of its own, which all methods share.

    Parameters
    ----------
    clean
        Files of clean pictures.
    output
        The folder for ``report.html``, ``results.csv``, ``table.tex``, ``table.md`` and a folder for each cell.
    operators, noises
        Specs as on the command line: ``lanczos:4``, ``mask:0.5``, ``blur:psf.png``, ``module:make_operator``;
        ``gaussian:0.1``, ``rounding``.
    priors
        Specs, ``tv``, ``tv:0.05``, ``dip:preset=paper``, ``dip+tv``, a sweep ``dip:lr=0.02,0.04``; and objects,
        ``priors.TV()``, with or without a name, ``("mine", Mine())``. Without a factor an object's penalty gets the
        automatic weight; ``0.1 * priors.TV()`` is taken as it is, beside the negative log-likelihood.
    methods
        Functions ``method(y, A, noise, seed)`` that return an image (C, H, W), tensor or array; ``module:function``;
        ``("name", function)``; ``program: ./denoise {input} {output} {sigma}``. A function takes those of the
        parameters that it names, and with ``callback`` a function to be called with the estimates on the way.
    degraded
        Files of existing measurements, one for each clean picture.
    seeds
        Number of solves of each cell.
    crop
        Use only the middle ``crop`` × ``crop`` pixels.
    iterations
        Limit of iterations in every solve of a prior, and in every solve of the search for its weight.
    baseline
        The prior that the verdicts compare the others with; None for ``tv``, or ``none`` where ``tv`` is not compared.
    oracle
        Show also the PSNR of each solve's best iterate, which only the truth tells, and what stopping elsewhere costs.
    threads
        Threads of every cell. The result of a DIP depends on their number, so it is part of what is compared.
    time_limit
        Seconds that a program may take in a cell.
    jobs
        Cells solved at a time; None for one per processor, at ``threads`` processors each, or one per GPU.
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
    for name, given in (("priors", priors), ("methods", methods)):
        if not isinstance(given, list | tuple):
            raise InvpriorError(f"compare takes a list of {name}, got {shown(given)}")
    study = Study(
        sources=sources([Path(p) for p in clean], [Path(p) for p in degraded]),
        operators=tuple(operators),
        noises=tuple(noises),
        priors=tuple(priors),
        outside=tuple(methods),
        seeds=seeds,
        crop=crop,
        iterations=iterations,
        baseline=baseline,
        oracle=oracle,
        threads=threads,
        time_limit=time_limit,
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
    with workers(jobs, device, cluster, study.threads) as pool, store.opened():
        on_disk = {cell: store.record(cell) for cell in cells}
        records = {cell: record for cell, record in on_disk.items() if record is not None}
        failures: dict[Cell, str] = {}
        store.text(CONTENTS, Contents.of(study).after(Contents.read(output / CONTENTS)).text())
        store.rewrite_table(list(records))
        slots = len(pool.slots())
        listener(Progress(cells, records, failures, slots))
        prepare = _Preparation(study, store)
        for outcome in run_cells([c for c in cells if c not in records], prepare, pool):
            if outcome.record is None:
                failures[outcome.cell] = outcome.failure or "no reason was given"
            else:
                kept = _with_place(outcome, study, store)
                store.keep(kept)
                store.add_line(kept)
                records[outcome.cell] = store.finished(outcome.cell)
            listener(Progress(cells, records, failures, slots, outcome))
        ordered = {cell: records[cell] for cell in cells if cell in records}
        store.rewrite_table(list(ordered))
        result = Comparison(study, output, ordered, failures)
        prepare.measure(ordered)
        result.write(output, again or _call(study, output))
    return result


def _with_place(outcome: CellOutcome, study: Study, store: Store) -> CellOutcome:
    """The outcome, its record with what the worker does not know: settings of the study and the place of the data."""
    file = store.measured(outcome.cell).relative_to(store.folder)
    place = {"crop": study.crop, "limit": study.iterations, "measurement_file": file.as_posix()}
    return replace(outcome, record={**(outcome.record or {}), **place})


def _call(study: Study, output: Path | str) -> str:
    """The call of :func:`compare` that repeats a study."""
    degraded = [str(s.degraded) for s in study.sources if s.degraded is not None]
    settings = {
        "operators": study.operators,
        "noises": study.noises,
        "priors": study.priors,
        **({"methods": study.outside} if study.outside else {}),
        **({"degraded": degraded} if degraded else {}),
        "seeds": study.seeds,
        "crop": study.crop,
        "iterations": study.iterations,
        **({"baseline": study.baseline} if study.baseline else {}),
        **({"oracle": True} if study.oracle else {}),
        "threads": study.threads,
    }
    arguments = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return f"invprior.compare({[str(s.clean) for s in study.sources]!r}, output={str(output)!r}, {arguments})"


class _Preparation:
    """Turns a cell into its job; all methods of a scene and seed share one measurement, which is kept at once."""

    def __init__(self, study: Study, store: Store) -> None:
        self.study, self.store = study, store
        self._last = ""
        self._made: Trial | InvpriorError

    def __call__(self, cell: Cell) -> CellJob | CellOutcome:
        made = self._trial(cell)
        if isinstance(made, InvpriorError):
            return CellOutcome(cell, failure=str(made))
        method = self.study.compared[cell.prior]
        return CellJob(cell, made, method, self.study.iterations, method.memory(made.operator))

    def measure(self, cells: Iterable[Cell]) -> None:
        """Make the pictures anew that finished cells lack, because somebody removed them."""
        for cell in cells:
            if not self.store.has_measurement(cell):
                self._last = ""
                self._trial(cell)

    def _trial(self, cell: Cell) -> Trial | InvpriorError:
        if self._last != cell.measurement:
            self._last = cell.measurement
            try:
                self._made = trial(self.study, cell.scene, cell.seed)
                self.store.keep_measurement(cell, self._made)
            except InvpriorError as error:
                self._made = error
        return self._made


def trial(study: Study, scene: Scene, seed: int) -> Trial:
    """The measurement that all methods of a scene share; one seed gives the same in every process."""
    subject = open_source(scene.source, study.crop)
    operator, draw = study.operator_specs[scene.operator], data_seed(scene.source.digest(), seed)
    return called(f"measure with {scene.operator}", lambda: measure(subject, operator, scene.noise, draw))
