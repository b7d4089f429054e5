"""Verdicts: a sentence for each method that says whether it is better than the baseline."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invprior.study.plan import Study
from invprior.study.scores import Figure, number
from invprior.study.statistics import FEWEST, LEVEL, Paired, holm, paired
from invprior.study.table import Group, Row, main_figure


@dataclass(frozen=True)
class Verdict:
    """A method beside the baseline, in one figure, on one operator and noise.

    Attributes
    ----------
    paired
        Their differences.
    p
        P-value of ``paired``, corrected for the ``comparisons`` of the group.
    cut
        The limit of iterations that the study set, if it ended solves of the two; else None.
    """

    group: Group
    method: str
    baseline: str
    figure: Figure
    paired: Paired
    p: float
    comparisons: int
    cut: int | None = None

    @property
    def needed(self) -> int:
        """The number of pictures from which on a method that is better on each can be told from chance."""
        return max(FEWEST, 1 + math.ceil(math.log2(self.comparisons / LEVEL)))

    @property
    def wins(self) -> int:
        """Number of pictures on which the method is better."""
        return self.paired.below if self.figure.better == "lower" else self.paired.above

    @property
    def losses(self) -> int:
        """Number of pictures on which the baseline is better."""
        return self.paired.above if self.figure.better == "lower" else self.paired.below

    @property
    def open(self) -> str:
        """Why nothing can be concluded; empty if something can."""
        n, low, high = len(self.paired.differences), *self.paired.interval
        if n == 0:
            return f"there is no picture with the {self.figure.title} of both"
        if n < FEWEST:
            return f"too few pictures, {self.needed} or more are needed"
        if self.paired.seeds < 2:
            return "one seed does not show what chance does, two or more are needed"
        if self._nought(self.paired.mean):
            return "the mean difference is nil"
        if self.p >= LEVEL or low <= 0 <= high:
            few = n in (self.wins, self.losses) and n < self.needed
            return f"too few pictures, {self.needed} or more are needed" if few else "it may be chance"
        if (self._gain > 0) != (self.wins > self.losses):
            return "the mean and the count of pictures disagree"
        return ""

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``open``."""
        return "open" if self.open else "better" if self._gain > 0 else "worse"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if not self.paired.differences:
            return f"nothing can be concluded about {self.method} against {self.baseline}: {self.open}."
        cut = "" if self.cut is None else f"; solves were cut off after {self.cut} iterations"
        says = f"{self._size} over {_count(len(self.paired.differences))}, {self._counts}{self._test}{cut}"
        if self.open:
            return f"nothing can be concluded about {self.method} against {self.baseline}: {says}; {self.open}."
        return f"{self.method} is {self.outcome} than {self.baseline}: {says}."

    @property
    def difference(self) -> str:
        """Mean difference and its interval, short enough for a table: ``+0.84 (+0.31 to +1.40)``."""
        if not self.paired.differences:
            return "–"
        mean = signed(self.paired.mean, self.figure.digits)
        return mean if math.isnan(self.paired.interval[0]) else f"{mean} ({self._between})"

    @property
    def _gain(self) -> float:
        return -self.paired.mean if self.figure.better == "lower" else self.paired.mean

    def _nought(self, value: float) -> bool:
        """True if a value is zero in the digits that are shown."""
        return abs(value) < 0.5 * 10.0**-self.figure.digits

    @property
    def _between(self) -> str:
        return " to ".join(signed(end, self.figure.digits) for end in self.paired.interval)

    @property
    def _size(self) -> str:
        f = self.figure
        name = "" if f.key == "psnr" else f" {f.title}" + (", of which less is better" if f.better == "lower" else "")
        size = f"{signed(self.paired.mean, f.digits)}{f' {f.unit}' if f.unit else ''}{name}"
        return size if math.isnan(self.paired.interval[0]) else f"{size} (95 % interval {self._between})"

    @property
    def _counts(self) -> str:
        n, ties = len(self.paired.differences), len(self.paired.differences) - self.wins - self.losses
        if ties == n:
            return "equal on each" if n > 1 else "equal there"
        if n == 1:
            return "better there" if self.wins else "worse there"
        return f"better on {self.wins}" + (f", equal on {ties}" if ties else "")

    @property
    def _test(self) -> str:
        if math.isnan(self.p):
            return ""
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        several = f", corrected for {self.comparisons} comparisons" if self.comparisons > 1 else ""
        return f"; {self.paired.test} {p}{several}"


def signed(value: float, digits: int) -> str:
    """``+0.84``, ``−0.10``; no sign before zero."""
    text = f"{value:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def verdicts(study: Study, found: Sequence[Row], by: Figure | None = None) -> list[Verdict]:
    """A verdict for each group and method other than the baseline; a group without a finished cell has none.

    They are compared ``by`` a figure, None for the main one of the group.
    """
    given: list[Verdict] = []
    for group in dict.fromkeys(Group.of(row.scene) for row in found):
        block = [row for row in found if Group.of(row.scene) == group]
        figure = by or main_figure(study, group, [r for row in block for r in row.records])
        numbers: dict[str, dict[tuple[str, int], float]] = {name: {} for name in study.methods}
        for row in block:
            numbers[row.prior].update(_numbers(row, figure))
        base = numbers.pop(study.against)
        differences = {name: paired(own, base) for name, own in numbers.items()}
        corrected = holm([d.p for d in differences.values()])
        several = sum(not math.isnan(p) for p in corrected) or len(differences)
        cut = {row.prior for row in block if any(_is_cut(record) for record in row.records)}
        given += [
            Verdict(group, name, study.against, figure, d, p, several, _limit(study, cut & {name, study.against}))
            for (name, d), p in zip(differences.items(), corrected, strict=True)
        ]
    return given


def sentences(given: Sequence[Verdict]) -> list[str]:
    """The verdicts in words, with their operator and noise if there are several."""
    groups = {v.group for v in given}
    return [v.sentence if len(groups) == 1 else f"{v.group}: {v.sentence}" for v in given]


def _numbers(row: Row, figure: Figure) -> dict[tuple[str, int], float]:
    def place(record: dict[str, Any]) -> tuple[str, int]:
        return row.scene.source.name, int(record["seed"])

    return {place(record): number(record, figure.key) for record in row.records}


def _is_cut(record: Mapping[str, Any]) -> bool:
    """True if the limit of the study ended a solve, and no rule of the prior's own."""
    return record.get("limit") is not None and record["status"] == "max_iterations"


def _limit(study: Study, cut: Collection[str]) -> int | None:
    return study.iterations if cut else None


def _count(pictures: int) -> str:
    return "1 picture" if pictures == 1 else f"{pictures} pictures"
