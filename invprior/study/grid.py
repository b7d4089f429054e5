"""The tables of a comparison for a screen, ready to be set: what stands in each entry, and which is the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from invprior.study.plan import Scene, Study
from invprior.study.scores import Figure, figures
from invprior.study.table import Mean, Row
from invprior.study.verdict import Verdict


@dataclass(frozen=True)
class Entry:
    """A number as it is shown, and what it is sorted by, empty for none."""

    text: str
    sort: str = ""
    best: bool = False


MISSING = Entry("–")


@dataclass(frozen=True)
class Line:
    """A method, or one that was published and not run here, at a place: picture, operator and noise."""

    method: str
    place: tuple[str, ...]
    entries: tuple[Entry, ...]
    published: bool = False
    scene: Scene | None = None
    stops: str = ""


@dataclass(frozen=True)
class Grid:
    """Lines under headings; ``places`` are the headings of a line's place, ``columns`` those of its entries."""

    places: tuple[str, ...]
    columns: tuple[Figure, ...]
    lines: tuple[Line, ...]


def columns(study: Study, records: Sequence[dict[str, Any]]) -> list[Figure]:
    """The figures of a study, those with published numbers first."""
    printed = {table.figure for table in study.published}
    return sorted(figures(records), key=lambda f: f.key not in printed)


def means_grid(study: Study, found: Sequence[Mean], given: Sequence[Verdict], shown: Sequence[Figure]) -> Grid:
    """The means over the pictures, and the difference from the baseline behind the first column."""
    differences = {(v.group, v.method): v for v in given}
    units = {v.figure.unit for v in given}
    against = Figure(
        "difference",
        f"vs. {study.against}",
        units.pop() if len(units) == 1 else "",
        2,
        None,
        "Mean difference over the pictures, and the 95 % interval of that mean, in the figure of the verdict.",
    )
    lines: list[Line] = []
    for k, mean in enumerate(found):
        entries = [_entry(mean.figures.get(f.key), f, f.key in mean.best) for f in shown]
        verdict = differences.get((mean.group, mean.prior))
        entries.insert(1, Entry(verdict.difference, repr(verdict.paired.mean)) if verdict else MISSING)
        place = (str(len(mean.pictures)), mean.group.operator, mean.group.noise)
        lines.append(Line(mean.prior, place, tuple(entries)))
        if k + 1 == len(found) or found[k + 1].group != mean.group:
            printed = _published(study, place[1:], mean.pictures, shown)
            lines += [replace(p, place=place, entries=(p.entries[0], MISSING, *p.entries[1:])) for p in printed]
    return Grid(("pictures", "operator", "noise"), (shown[0], against, *shown[1:]) if shown else (), tuple(lines))


def cells_grid(study: Study, found: Sequence[Row], shown: Sequence[Figure]) -> Grid:
    """Mean and spread over the seeds of each picture."""
    lines: list[Line] = []
    for k, row in enumerate(found):
        entries = []
        for f in shown:
            spread = row.figures.get(f.key)
            plain = _entry(spread.mean if spread else None, f, f.key in row.best)
            entries.append(plain if spread is None else replace(plain, text=spread.text(f.digits)))
        place = (row.scene.source.name, row.scene.operator, row.scene.noise)
        lines.append(Line(row.prior, place, tuple(entries), scene=row.scene, stops=row.stops))
        if k + 1 == len(found) or found[k + 1].scene != row.scene:
            printed = _published(study, place[1:], (row.scene.source.name,), shown)
            lines += [replace(p, place=place, scene=row.scene) for p in printed]
    return Grid(("picture", "operator", "noise"), tuple(shown), tuple(lines))


def _published(study: Study, group: tuple[str, ...], pictures: Sequence[str], shown: Sequence[Figure]) -> list[Line]:
    """The published lines of a group: means over the pictures, of methods that published all of these."""
    operator, noise = group
    lines = []
    for table in study.published:
        for column in table.columns if table.stands(operator, noise) else ():
            mean = table.mean(pictures, column)
            if mean is not None:
                entries = tuple(_entry(mean, f, False) if f.key == table.figure else MISSING for f in shown)
                lines.append(Line(column, group, entries, published=True, stops="not run here"))
    return lines


def _entry(value: float | None, figure: Figure, best: bool) -> Entry:
    if value is None or math.isnan(value):
        return MISSING
    return Entry(f"{value:.{figure.digits}f}", repr(value), best)
