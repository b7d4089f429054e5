"""Callbacks: what they are shown, and that they can end a solve."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from invprior import Iterate, Problem, noise, solve, solvers, stop
from invprior.operators import Identity
from invprior.priors import DIP, TV, NoPrior
from invprior.solvers import Restarts, Solver, Tiled
from invprior.stop import MaxIterations, Status
from tests.helpers import photograph

ENOUGH = Status("enough", "the picture is good enough")
LIMIT = MaxIterations(6)


def problem(prior: TV | DIP | NoPrior) -> Problem:
    y = noise.Gaussian(0.1).sample(photograph(size=16).float(), torch.Generator().manual_seed(0))
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)


def network() -> DIP:
    return DIP(network=nn.Sequential(nn.Conv2d(16, 3, 3, padding=1), nn.Sigmoid()))


def end_at(n: int) -> Callable[[Iterate], Status | None]:
    return lambda iterate: ENOUGH if iterate.iteration == n else None


@pytest.mark.parametrize(
    ("prior", "solver"),
    [
        (TV(), solvers.PDHG()),
        (NoPrior(), solvers.ProximalGradient()),
        (network(), solvers.Adam()),
        (network(), Restarts(solvers.Adam(), LIMIT, 3)),
        (network(), Restarts(solvers.Adam(), MaxIterations(3), 3)),  # ends in the second fit
        (TV(), Tiled(solvers.PDHG(), 12, 4)),
        (network(), Tiled(solvers.Adam(), 12, 4)),
    ],
    ids=["PDHG", "ProximalGradient", "Adam", "Restarts", "second fit", "tiles of PDHG", "tiles of Adam"],
)
def test_a_callback_that_returns_a_status_ends_the_solve(prior: TV | DIP | NoPrior, solver: Solver) -> None:  # type: ignore[type-arg]
    p = problem(prior)
    seen: list[int] = []
    told = solve(p, solver, stop=LIMIT, callbacks=[end_at(5), lambda it: seen.append(it.iteration)])
    limited = solve(p, solver, stop=MaxIterations(5))
    assert told.status == ENOUGH
    assert seen == [1, 2, 3, 4, 5]
    assert (told.iterations, told.kept, told.history[-1]["iteration"]) == (5, 5, 5)
    assert torch.equal(told.x, limited.x)


def test_a_solve_that_a_callback_ended_goes_on_bit_for_bit() -> None:
    p, solver = problem(network()), Restarts(solvers.Adam(), MaxIterations(4), 2)
    whole = solve(p, solver)
    half = solve(p, solver, callbacks=[end_at(5)])
    assert torch.equal(solve(p, solver, state=half.state).x, whole.x)


def test_the_kept_iterate_of_a_rule_stays_the_kept_one() -> None:
    p = problem(network())
    rule = stop.MovingVariance(patience=50, min_start=2)
    told = solve(p, solvers.Adam(), stop=rule, callbacks=[end_at(20)])
    limited = solve(p, solvers.Adam(), stop=rule | MaxIterations(20))
    assert told.kept == limited.kept
    assert torch.equal(told.x, limited.x)


def test_rules_go_first_and_other_answers_are_ignored() -> None:
    p = problem(TV())
    r = solve(p, stop=LIMIT, callbacks=[end_at(6), lambda it: True, lambda it: "stop"])
    assert (r.status.name, r.iterations) == ("max_iterations", 6)


def test_a_callback_reads_the_signals_and_the_state_to_go_on_from() -> None:
    seen: list[Iterate] = []
    whole = solve(problem(DIP()), stop=MaxIterations(20), callbacks=[seen.append])
    assert seen[-1].signals["discrepancy"] > 0  # from its twentieth iteration on
    assert seen[2].reached is not None
    again = solve(problem(DIP()), stop=MaxIterations(20), state=seen[2].reached)
    assert torch.equal(again.x, whole.x)
