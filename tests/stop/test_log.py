"""The signals that rules look at stand in the history."""

from __future__ import annotations

from invprior import Iterate, Problem, noise, solve, stop
from invprior.operators import Identity
from invprior.priors import DIP
from invprior.solvers import Adam, Restarts
from invprior.stop.held_out import hold_out
from tests.helpers import photograph, randn


def problem() -> Problem:
    y = (photograph(size=16) + 0.1 * randn(3, 16, 16)).float()
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP())


def test_every_rule_has_its_column() -> None:
    rule = stop.WindowedVariance(window=5, min_start=6) | stop.MovingVariance() | stop.Discrepancy(min_start=5)
    found: dict[int, float] = {}

    def note(iterate: Iterate) -> None:
        found[iterate.iteration] = iterate.problem.discrepancy(iterate.latest)

    rows = solve(problem(), Adam(), stop=rule | stop.MaxIterations(20), callbacks=[note]).history
    assert {"windowed_variance", "moving_variance", "discrepancy"} <= set(rows[-1])
    assert rows[-1]["discrepancy"] == found[int(rows[-1]["iteration"]) // 5 * 5]
    held = solve(hold_out(problem(), 0.1), Adam(), stop=stop.HeldOut(min_start=5) | stop.MaxIterations(20)).history
    assert held[-1]["held_out"] > 0


def test_so_have_the_rules_of_each_fit() -> None:
    solver = Restarts(Adam(), stop.MovingVariance() | stop.MaxIterations(10), times=2)
    rows = solve(problem(), solver, stop=solver.default_stop()).history
    assert "moving_variance" in rows[-1]
    assert rows[-1]["finished"] == 2
