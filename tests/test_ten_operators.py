"""Ten operators that users wrote: they keep the laws, and total variation is worth its while with each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from invprior import solve, stop, testing
from tests.ten_cases import (
    CASES,
    Case,
    bayer,
    cassi,
    exposed,
    jpeg,
    mri,
    phaseless,
    single_pixel,
    slices,
    sums,
    varying,
)

SIDE = 16
EACH = pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)


@EACH
def test_the_laws_hold(make: Callable[[int], Case]) -> None:
    broken = {o.law for o in testing.outcomes(make(SIDE).A, examples=2) if not o.holds}
    # rounding has the derivative 0 almost everywhere, and a straight-through operator gives another one on purpose
    assert broken == ({"vjp", "jvp"} if make is jpeg else set())


# decibels that total variation is better than the back-projection at least; for an operator that is not linear, than
# what it starts from
GAINS: dict[Callable[[int], Case], float] = {
    bayer: 8.0,
    mri: 10.0,
    cassi: 7.0,
    slices: 7.0,
    varying: 2.0,
    phaseless: 10.0,
    exposed: 0.5,
    single_pixel: 0.4,
    jpeg: 0.2,
    sums: 1.5,
}


@pytest.mark.parametrize(("make", "gain"), GAINS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_total_variation_is_better_than_the_back_projection(make: Callable[[int], Case], gain: float) -> None:
    side, weight = (48, 3) if make is jpeg else (SIDE, 15)  # rounding needs some blocks, and is a small error
    case = make(side)
    problem = case.problem(weight * case.tv)
    tv = solve(problem, stop=stop.RelativeGap(1e-3) | stop.MaxIterations(150)).x
    assert case.score(tv) > case.score(problem.back_projection()) + gain


@pytest.mark.slow
@pytest.mark.parametrize("make", [bayer, mri], ids=lambda make: make.__name__)
def test_a_network_is_better_than_the_back_projection(make: Callable[[int], Case]) -> None:
    case = make(SIDE)
    problem = case.problem(case.dip)
    found = solve(problem, stop=stop.MaxIterations(200)).x
    assert case.score(found) > case.score(problem.back_projection()) + 3
