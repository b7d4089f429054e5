"""Sweeps in a study: what a setting's values give, as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invprior.specs import settings
from invprior.study.table import Row, Spread


@dataclass(frozen=True)
class SweepPoint:
    """A value of the setting, the method that has it, and the figure over pictures (means over the seeds)."""

    value: str
    method: str
    figure: Spread


@dataclass(frozen=True)
class Sweep:
    """A figure as a function of a setting, for one operator and noise.

    Attributes
    ----------
    spec
        The spec with … in place of the value: ``dip:lr=…``.
    setting
        The name of the setting.
    points
        In the order of the study. The mean is over the pictures that every value has a result for, and the deviation
        that of the pictures.
    """

    spec: str
    setting: str
    operator: str
    noise: str
    points: tuple[SweepPoint, ...]


def sweeps(methods: Sequence[str], rows: Sequence[Row], figure: str) -> list[Sweep]:
    """The sweeps among the methods: those that differ in the value of one setting alone."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for text in methods:
        for one in settings(text):
            groups.setdefault((one.others, one.name), []).append((one.value, text))
    found = []
    for (spec, setting), members in groups.items():
        if len(members) < 2:
            continue
        for operator, noise in dict.fromkeys((row.scene.operator, row.scene.noise) for row in rows):
            here = [r for r in rows if (r.scene.operator, r.scene.noise) == (operator, noise)]
            points = _points(members, here, figure)
            found.append(Sweep(spec, setting, operator, noise, points))
    return found


def _points(members: list[tuple[str, str]], rows: list[Row], figure: str) -> tuple[SweepPoint, ...]:
    means = {(r.prior, r.scene): r.figures[figure].mean for r in rows if figure in r.figures}
    scenes = [scene for scene in dict.fromkeys(r.scene for r in rows) if all((m, scene) in means for _, m in members)]
    return tuple(
        SweepPoint(value, method, Spread.of([means[method, scene] for scene in scenes])) for value, method in members
    )
