"""``invprior compare``: the study, its progress bar and its table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from invprior.cli.again import again
from invprior.errors import InvpriorError
from invprior.study.comparison import Listener, Progress, run_study
from invprior.study.file import read_study
from invprior.study.grid import Grid, Line
from invprior.study.plan import DEFAULT_PRIORS, Study
from invprior.study.result import Comparison
from invprior.study.scores import ORACLE
from invprior.study.source import sources

if TYPE_CHECKING:
    from rich.table import Table

# Columns that a terminal has room for; the report has all.
SHOWN = ("psnr", "ssim", "lpips", "seconds", "memory_mb", "iterations")


def plan_study(
    clean: list[Path],
    degraded: list[Path],
    data: Path | None,
    operators: list[str],
    noises: list[str],
    priors: list[str],
    methods: list[str],
    seeds: int | None,
    crop: int | None,
    iterations: int | None,
    baseline: str | None,
    oracle: bool,
    threads: int | None,
    time_limit: float,
) -> Study:
    """The study of a command line, read from a study file or from the options."""
    if any(path.suffix == ".toml" for path in clean):
        if len(clean) > 1 or degraded or operators or noises or priors or methods:
            raise InvpriorError(
                "a study file sets its own pictures, operators, noises, priors and methods; beside it only --data, "
                "--seeds, --crop, --iterations, --baseline, --oracle, --threads and --time-limit are allowed"
            )
        given = read_study(clean[0], data, seeds=seeds, crop=crop, iterations=iterations, threads=threads)
        return replace(
            given,
            time_limit=time_limit,
            baseline=baseline or given.baseline,
            oracle=oracle or given.oracle,
        )
    if data is not None:
        raise InvpriorError("--data is the folder that the pictures of a study file are in; give a study file (.toml)")
    return Study(
        sources=sources(clean, degraded),
        operators=tuple(operators) or ("identity",),
        noises=tuple(noises) or ("rounding",),
        priors=tuple(priors) or DEFAULT_PRIORS,
        outside=tuple(methods),
        seeds=3 if seeds is None else seeds,
        crop=crop or None,
        iterations=iterations,
        baseline=baseline,
        oracle=oracle,
        threads=threads or 1,
        time_limit=time_limit,
    )


def run_compare(study: Study, output: Path, jobs: int | None, device: str, cluster: str | None, quiet: bool) -> bool:
    """Run a study with a progress bar and print its table; return True if every cell finished."""
    exact = (study.operators, study.noises) == (("identity",), ("rounding",))
    if exact and not quiet and all(source.degraded is None for source in study.sources):
        print(
            "invprior: nothing is degraded: every prior gets the clean pictures; add --noise gaussian:0.1, or an "
            "--operator",
            file=sys.stderr,
        )
    try:
        with grid_bar(quiet) as listener:
            result = run_study(
                study, output, again=again(study, output), jobs=jobs, device=device, cluster=cluster, listener=listener
            )
    except KeyboardInterrupt:
        print("invprior: interrupted; finished cells are kept, run the command again to resume", file=sys.stderr)
        sys.exit(130)
    _draw(result)
    if not quiet:
        _print_table(result)
    for cell, failure in result.failures.items():
        print(f"invprior: failed: {cell}: {failure}", file=sys.stderr)
    if result.failures:
        print(
            f"invprior: {len(result.failures)} of {len(result.records) + len(result.failures)} cells failed; run the "
            "same command again to retry them",
            file=sys.stderr,
        )
    return not result.failures


def _draw(result: Comparison) -> None:
    """Write the figures for a paper, or say why not: they are an extra, and the study is finished."""
    try:
        result.draw()
    except InvpriorError as error:
        print(f"invprior: no figures were drawn: {error}", file=sys.stderr)


def seconds_left(progress: Progress) -> float | None:
    """Estimate of the seconds left: a missing cell takes the mean of its prior's cells, or of all; None at first."""
    taken: dict[str, list[float]] = {}
    for cell, record in progress.records.items():
        taken.setdefault(cell.prior, []).append(record["seconds"])
    every = [seconds for numbers in taken.values() for seconds in numbers]
    if not every:
        return None
    missing = [c for c in progress.cells if c not in progress.records and c not in progress.failures]
    return sum(fmean(taken.get(cell.prior, every)) for cell in missing) / progress.slots


@contextmanager
def grid_bar(quiet: bool) -> Iterator[Listener]:
    """A progress bar over the cells with the time left; one line per cell if there is no terminal."""
    if quiet:
        yield lambda progress: None
        return
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, left="")

        def show(progress: Progress) -> None:
            left = seconds_left(progress)
            latest = "" if progress.latest is None else str(progress.latest.cell)
            bar.update(
                task,
                total=len(progress.cells),
                completed=len(progress.records) + len(progress.failures),
                left="" if left is None else f"left {_clock(left)}",
                description=latest,
            )

        yield show


def _line(progress: Progress) -> None:
    done, of = len(progress.records) + len(progress.failures), len(progress.cells)
    if progress.latest is None:
        if done:
            print(f"{done} of {of} cells are finished already", file=sys.stderr)
        return
    record = progress.latest.record
    how = progress.latest.failure if record is None else f"{record['psnr']:.2f} dB, {record['seconds']:.1f} s"
    print(f"{done}/{of} {progress.latest.cell}: {how}", file=sys.stderr)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _print_table(result: Comparison) -> None:
    from rich.console import Console

    console = Console()
    published = result.study.published
    keys = {*SHOWN, *(table.figure for table in published), *(f.key for f in ORACLE)}
    means, _ = result.grids([f for f in result.columns if f.key in keys - {"memory_mb", "iterations"}])
    _, cells = result.grids([f for f in result.columns if f.key in keys])
    for place, block in groupby(means.lines, key=lambda line: line.place):
        pictures, operator, noise = place
        console.print(_table(f"mean over {pictures} pictures · {operator} · {noise}", means, list(block)))
    for place, block in groupby(cells.lines, key=lambda line: line.place):
        console.print(_table(" · ".join(place), cells, list(block)))
    for table in published:
        console.print(f"published figures: {table.metric}", highlight=False, markup=False)
    for sentence in result.verdicts:
        console.print(sentence, highlight=False, markup=False)
    console.print(f"{result.report} shows the pictures", highlight=False, markup=False)


def _table(title: str, grid: Grid, block: list[Line]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, "italic"), title_justify="left")
    table.add_column("prior", overflow="fold")  # the ends of long names tell them apart
    for f in grid.columns:
        table.add_column(f"{f.title} {f.unit}".strip(), justify="right")
    for line in block:
        numbers = [Text(entry.text, "bold" if entry.best else "") for entry in line.entries]
        name = f"{line.method} (published)" if line.published else line.method
        table.add_row(Text(name), *numbers, style="dim" if line.published else "")
    return table
