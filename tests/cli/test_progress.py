"""The forecast behind the time left."""

from __future__ import annotations

from invprior import Problem, noise, solve, stop
from invprior.cli.progress import Forecast
from invprior.operators import Identity
from invprior.priors import TV
from invprior.solvers.iterate import Iterate
from tests.helpers import photograph, randn


def forecasts(rule: stop.StopRule) -> tuple[list[int | None], int]:
    y = photograph(size=64) + 0.1 * randn(3, 64, 64)
    forecast, seen = Forecast(rule), list[int | None]()

    def note(iterate: Iterate) -> None:
        forecast.note(iterate)
        seen.append(forecast.total)

    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=9.0 * TV())
    return seen, solve(problem, stop=rule, callbacks=[note]).iterations


def test_a_falling_gap_tells_where_the_solve_will_end() -> None:
    seen, made = forecasts(stop.RelativeGap(1e-5) | stop.MaxIterations(5000))
    assert seen[0] == 5000
    middle = seen[made // 2]
    assert middle is not None
    assert made / 1.5 < middle < 1.5 * made


def test_never_beyond_the_limit() -> None:
    seen, made = forecasts(stop.RelativeGap(1e-9) | stop.MaxIterations(60))
    assert made == 60
    assert set(seen) == {60}


def test_without_a_gap_to_reach_it_is_the_limit() -> None:
    assert set(forecasts(stop.MaxIterations(30))[0]) == {30}
