"""Tables of a comparison: mean and spread over the seeds, and the verdicts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
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
    """A prior on a scene: the records of its seeds, their figures, and the figures in which it is best."""

    scene: Scene
    prior: str
    records: tuple[dict[str, Any], ...]
    figures: dict[str, Spread]
    best: frozenset[str]

    @property
    def stops(self) -> str:
        """Why its solves ended, each reason once."""
        return "; ".join(dict.fromkeys(f"{r['status']}: {r['status_message']}" for r in self.records))


def rows(study: Study, records: Sequence[dict[str, Any]]) -> list[Row]:
    """One row for each scene and prior that has a finished cell, in the order of the study."""
    found: list[Row] = []
    for scene in study.scenes:
        block = [_row(scene, prior, records) for prior in study.methods]
        block = [row for row in block if row.records]
        found += [Row(r.scene, r.prior, r.records, r.figures, _best(r, block)) for r in block]
    return found


def verdicts(study: Study, found: Sequence[Row], figure: Figure) -> list[str]:
    """A sentence for each operator and noise: which prior is best, by how much, and on how many pictures."""
    said = []
    for A in study.operators:
        for noise in study.noises:
            rows_here = [r for r in found if (r.scene.operator, r.scene.noise) == (A, noise)]
            sentence = _verdict([s for s in study.scenes if (s.operator, s.noise) == (A, noise)], rows_here, figure)
            if sentence:
                said.append(f"{A}, {noise}: {sentence}")
    return said


def _row(scene: Scene, prior: str, records: Sequence[dict[str, Any]]) -> Row:
    place = (scene.source.name, scene.operator, scene.noise, prior)
    own = tuple(r for r in records if (r["picture"], r["operator_spec"], r["noise_spec"], r["prior"]) == place)
    spreads = {f.key: Spread.of([number(r, f.key) for r in own]) for f in figures(list(records))}
    return Row(scene, prior, own, spreads, frozenset())


def _best(row: Row, block: Sequence[Row]) -> frozenset[str]:
    keys = []
    for figure in figures([r for other in block for r in other.records]):
        sign = {"higher": 1, "lower": -1}.get(figure.better or "", 0)
        means = [sign * r.figures[figure.key].mean for r in block if figure.key in r.figures]
        known = [m for m in means if not math.isnan(m)]
        own = row.figures.get(figure.key)
        if sign and own is not None and known and sign * own.mean == max(known):
            keys.append(figure.key)
    return frozenset(keys)


def _verdict(scenes: Sequence[Scene], found: Sequence[Row], figure: Figure) -> str:
    """The sentence, over the scenes that every prior has finished, so that all means are over the same pictures."""
    priors = list(dict.fromkeys(r.prior for r in found))
    means = {(r.scene, r.prior): r.figures[figure.key] for r in found if figure.key in r.figures}
    whole = [s for s in scenes if all((s, p) in means for p in priors)]
    if len(priors) < 2 or not whole:
        return ""
    sign = -1 if figure.better == "lower" else 1
    order = sorted(priors, key=lambda p: -sign * statistics.fmean(means[s, p].mean for s in whole))
    first, second = order[:2]
    wins = sum(all(sign * means[s, first].mean >= sign * means[s, p].mean for p in priors) for s in whole)
    leads = [sign * (means[s, first].mean - means[s, second].mean) for s in whole]
    unit = f" {figure.unit}" if figure.unit else ""
    lead = f"{first} has the highest {figure.title}, {statistics.fmean(leads):.{figure.digits}f}{unit} above {second}"
    if len(whole) > 1:
        lead += (
            f" on average ({min(leads):+.{figure.digits}f} to {max(leads):+.{figure.digits}f}), and is best on "
            f"{wins} of {len(whole)} pictures"
        )
    spreads = [means[s, p].deviation for s in whole for p in (first, second)]
    largest = max((d for d in spreads if not math.isnan(d)), default=0.0)
    if abs(statistics.fmean(leads)) <= largest:
        lead += f"; this is within the spread of the seeds ({largest:.{figure.digits}f}): a draw"
    return lead + "."
