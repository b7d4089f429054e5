"""The drawing of a sweep: its points, its words, and what is left out."""

from __future__ import annotations

import math

import pytest

from invprior.study.scores import FIGURES
from invprior.study.sweep import Sweep, SweepPoint
from invprior.study.sweep_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, charts
from invprior.study.table import Spread

PSNR = FIGURES[0]


def sweep(*means: float) -> Sweep:
    points = tuple(SweepPoint(str(k), f"tv:weight={k}", Spread(mean, 0.0)) for k, mean in enumerate(means))
    return Sweep("tv:weight=…", "weight", "identity", "gaussian:0.1", points)


def test_the_best_is_on_top_the_worst_below_and_the_values_are_evenly_spaced() -> None:
    (chart,) = charts([sweep(20.0, 30.0, 25.0)], PSNR)
    assert [dot.y for dot in chart.dots] == [HEIGHT - BOTTOM, TOP, pytest.approx((HEIGHT - BOTTOM + TOP) / 2)]
    assert [dot.x for dot in chart.dots] == [LEFT, pytest.approx((LEFT + WIDTH - RIGHT) / 2), WIDTH - RIGHT]
    assert (chart.top, chart.bottom) == ("30.00", "20.00")
    assert chart.says == "weight 0: 20.00 dB; weight 1: 30.00 dB; weight 2: 25.00 dB"


def test_equal_figures_are_a_level_line() -> None:
    (chart,) = charts([sweep(20.0, 20.0)], PSNR)
    assert {dot.y for dot in chart.dots} == {TOP}


def test_a_value_without_a_figure_is_left_out_and_one_point_is_no_curve() -> None:
    (chart,) = charts([sweep(20.0, math.nan, 25.0)], PSNR)
    assert [dot.value for dot in chart.dots] == ["0", "2"]
    assert charts([sweep(20.0, math.nan)], PSNR) == []
