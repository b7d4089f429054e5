"""Sweeps on the page: where the points of a curve lie in its drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from invprior.study.scores import Figure
from invprior.study.sweep import Sweep

# The drawing, and the room around the curve, in its own units.
WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 12, 30


@dataclass(frozen=True)
class Dot:
    """A value of the setting, its place, and its figure as text."""

    x: float
    y: float
    value: str
    text: str


@dataclass(frozen=True)
class Chart:
    """A curve: its title, what the setting is called, its dots, and the largest and the least figure."""

    title: str
    setting: str
    dots: tuple[Dot, ...]
    top: str
    bottom: str

    @property
    def line(self) -> str:
        """The points of the polyline."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)

    @property
    def says(self) -> str:
        """The curve in words."""
        return "; ".join(f"{self.setting} {dot.value}: {dot.text}" for dot in self.dots)


def charts(found: list[Sweep], figure: Figure) -> list[Chart]:
    """The drawing of each sweep that has figures; the values are evenly spaced in the order of the study."""
    return [chart for chart in (_chart(sweep, figure) for sweep in found) if chart is not None]


def _chart(sweep: Sweep, figure: Figure) -> Chart | None:
    points = [p for p in sweep.points if not math.isnan(p.figure.mean)]
    if len(points) < 2:
        return None
    means = [p.figure.mean for p in points]
    low, high = min(means), max(means)
    span = high - low or 1.0
    step = (WIDTH - LEFT - RIGHT) / (len(points) - 1)
    dots = tuple(
        Dot(LEFT + k * step, TOP + (high - p.figure.mean) / span * (HEIGHT - TOP - BOTTOM), p.value, text)
        for k, p in enumerate(points)
        for text in [f"{p.figure.mean:.{figure.digits}f} {figure.unit}".strip()]
    )
    title = f"{figure.title} of {sweep.spec}, {sweep.operator}, {sweep.noise}"
    return Chart(title, sweep.setting, dots, f"{high:.{figure.digits}f}", f"{low:.{figure.digits}f}")
