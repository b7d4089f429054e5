"""Tables of a comparison: the mean over the pictures of each degradation, and mean and spread of each picture."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invprior.study.plan import Scene, Study
from invprior.study.scores import Figure, figures, number


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over the seeds; the deviation of one number is NaN."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        known = [n for n in numbers if not math.isnan(n)]
        if not known:
            return cls(math.nan, math.nan)
        return cls(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else math.nan)

    def text(self, digits: int) -> str:
        """``31.24 ± 0.05``; a dash if the mean is NaN."""
        if math.isnan(self.mean):
            return "–"
        mean = f"{self.mean:.{digits}f}"
        return mean if math.isnan(self.deviation) else f"{mean} ± {self.deviation:.{digits}f}"


@dataclass(frozen=True)
class Row:
    """A method on a scene: the records of its seeds, their figures, and the figures in which it is best."""

    scene: Scene
    prior: str
    records: tuple[dict[str, Any], ...]
    figures: dict[str, Spread]
    best: frozenset[str]

    @property
    def stops(self) -> str:
        """Why its solves ended, each reason once."""
        return "; ".join(dict.fromkeys(f"{r['status']}: {r['status_message']}" for r in self.records))


@dataclass(frozen=True)
class Group:
    """What is averaged over and tested: an operator and a noise, on all pictures."""

    operator: str
    noise: str

    @classmethod
    def of(cls, scene: Scene) -> Group:
        return cls(scene.operator, scene.noise)

    def __str__(self) -> str:
        return f"{self.operator}, {self.noise}"


@dataclass(frozen=True)
class Mean:
    """A method on a group: its means over the pictures, each the mean of its seeds.

    Attributes
    ----------
    pictures
        The pictures that every method of the group has finished; all means are over these.
    figures
        Means; NaN if a picture lacks the figure.
    best
        Keys of the figures in which it is best.
    """

    group: Group
    prior: str
    pictures: tuple[str, ...]
    figures: dict[str, float]
    best: frozenset[str]


def rows(study: Study, records: Sequence[dict[str, Any]]) -> list[Row]:
    """One row for each scene and method that has a finished cell, in the order of the study."""
    own: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in records:
        own.setdefault(tuple(record[k] for k in ("picture", "operator_spec", "noise_spec", "prior")), []).append(record)
    found: list[Row] = []
    for scene in study.scenes:
        places = {name: (scene.source.name, scene.operator, scene.noise, name) for name in study.methods}
        block = {name: own[place] for name, place in places.items() if place in own}
        numbers = {
            name: {f.key: Spread.of([number(r, f.key) for r in found_here]) for f in figures(found_here)}
            for name, found_here in block.items()
        }
        best = _best({name: {k: s.mean for k, s in spreads.items()} for name, spreads in numbers.items()})
        found += [Row(scene, name, tuple(block[name]), numbers[name], best[name]) for name in block]
    return found


def means(study: Study, found: Sequence[Row]) -> list[Mean]:
    """One mean for each group and method that has a row, in the order of the study."""
    averages: list[Mean] = []
    for group in dict.fromkeys(Group.of(scene) for scene in study.scenes):
        block: dict[str, dict[str, Row]] = {}
        for row in found:
            if Group.of(row.scene) == group:
                block.setdefault(row.prior, {})[row.scene.source.name] = row
        if not block:
            continue
        pictures = tuple(s.name for s in study.sources if all(s.name in own for own in block.values()))
        numbers = {name: _averaged([own[p] for p in pictures]) for name, own in block.items()}
        best = _best(numbers)
        averages += [Mean(group, name, pictures, numbers[name], best[name]) for name in block]
    return averages


def main_figure(study: Study, group: Group, records: Sequence[dict[str, Any]]) -> Figure:
    """The figure that a group is judged by: that of its published table if the cells have it, else PSNR."""
    known = {f.key: f for f in figures(records)}
    printed = [table.figure for table in study.published if table.stands(group.operator, group.noise)]
    return next((known[key] for key in printed if key in known), known.get("psnr") or figures(records)[0])


def _averaged(block: Sequence[Row]) -> dict[str, float]:
    keys = dict.fromkeys(key for row in block for key in row.figures)
    missing = Spread(math.nan, math.nan)
    return {key: statistics.fmean(row.figures.get(key, missing).mean for row in block) for key in keys}


def _best(numbers: Mapping[str, Mapping[str, float]]) -> dict[str, frozenset[str]]:
    """For each method the keys of the figures in which it is best."""
    best: dict[str, set[str]] = {name: set() for name in numbers}
    for figure in figures([dict(own) for own in numbers.values()]):
        sign = {"higher": 1, "lower": -1}.get(figure.better or "", 0)
        known = {name: sign * own[figure.key] for name, own in numbers.items() if figure.key in own}
        known = {name: value for name, value in known.items() if not math.isnan(value)}
        for name, value in known.items():
            if sign and value == max(known.values()):
                best[name].add(figure.key)
    return {name: frozenset(keys) for name, keys in best.items()}
