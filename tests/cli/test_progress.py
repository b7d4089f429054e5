"""The forecast behind the time left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from invprior import Problem, noise, solve, stop
from invprior.cli.progress import Lines, bar
from invprior.operators import Identity, Mask
from invprior.priors import NLM, TV
from invprior.runs.forecast import Forecast
from invprior.solvers import PDHG, PlugAndPlay, Solver
from invprior.solvers.blending import Blending
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


def test_a_solver_that_knows_its_end_tells_it() -> None:
    y = photograph(size=32) + 0.1 * randn(3, 32, 32)
    A = Mask(y.shape, torch.rand(32, 32, generator=torch.Generator().manual_seed(0)) > 0.3)
    forecast, seen = Forecast(stop.MaxIterations(1000)), list[int | None]()

    def note(iterate: Iterate) -> None:
        forecast.note(iterate)
        seen.append(forecast.total)

    made = solve(Problem(A, A(y), noise=noise.Gaussian(0.1), prior=NLM()), PlugAndPlay(steps=3), callbacks=[note])
    assert (made.iterations, set(seen)) == (3, {3})


def at(iteration: int, seconds: float, solver: Solver[Any] | None = None) -> Any:
    return SimpleNamespace(iteration=iteration, seconds=seconds, solver=solver or PDHG(), state=None)


def test_without_a_terminal_a_long_solve_says_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines("a.png", stop.MaxIterations(1500))
    for iteration in range(1, 41):
        lines.show(at(iteration, 6.0 * iteration))
    assert capsys.readouterr().err.splitlines() == [
        "a.png: iteration 2 of at most 1500, 2 h 30 min left at most",
        "a.png: iteration 4 of at most 1500, 2 h 30 min left at most",
        "a.png: iteration 8 of at most 1500, 2 h 29 min left at most",
        "a.png: iteration 16 of at most 1500, 2 h 28 min left at most",
        "a.png: iteration 32 of at most 1500, 2 h 27 min left at most",
    ]


def test_the_first_iterations_of_a_blend_say_nothing_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """They are ten of every short member: one of 14 s had 1250 of them last for five hours."""
    lines = Lines("a.png", stop.MaxIterations(1250))
    for iteration in range(1, 41):
        lines.show(at(iteration, 14.0 if iteration == 1 else 12.0 + iteration, Blending()))
    assert capsys.readouterr().err.splitlines() == ["a.png: iteration 20 of at most 1250, 33 min left at most"]


def test_a_short_solve_a_quiet_one_and_one_without_a_limit_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    soon, endless = Lines("a.png", stop.MaxIterations(20)), Lines("a.png", stop.Discrepancy())
    for iteration in range(1, 21):
        soon.show(at(iteration, 2.0 * iteration))
        endless.show(at(iteration, 20.0 * iteration))
    with bar("a.png", stop.MaxIterations(1500), quiet=True) as quiet:
        quiet(at(2, 12.0))
    assert not capsys.readouterr().err
    with bar("a.png", stop.MaxIterations(1500), quiet=False) as shown:
        shown(at(2, 12.0))
    assert capsys.readouterr().err
