"""Several fits and their average."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import Identity
from invprior.priors import DIP, TGV
from invprior.solvers import Restarts
from invprior.stop import Status
from tests.helpers import photograph, psnr

EACH = 6


def problem(size: int = 16) -> Problem:
    y = noise.Gaussian(0.1).sample(photograph(size=size).float(), torch.Generator().manual_seed(0))
    network = nn.Sequential(nn.Conv2d(16, 3, 3, padding=1), nn.Sigmoid())  # each fit has an input of its own
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP(network=network))


def restarts(times: int = 3) -> Restarts:
    return Restarts(solvers.Adam(average=0.5, average_from=2), stop.MaxIterations(EACH), times)


def test_the_result_is_the_mean_of_fits_that_differ() -> None:
    p, solver = problem(), restarts()
    state = solver.init(p, None, torch.Generator().manual_seed(0))
    fits = []
    for k in range(1, 3 * EACH + 1):
        state = solver.step(p, state)
        if k % EACH == 0:
            fits.append(solver.inner.estimate(state.inner))
    assert not torch.allclose(fits[0], fits[1])
    assert torch.allclose(solver.estimate(state), torch.stack(fits).mean(0), atol=1e-6)
    r = solve(p, solver)
    assert (r.status.name, r.iterations) == ("max_iterations", 3 * EACH)
    assert torch.equal(r.x, solver.estimate(state))


def test_the_average_has_less_variance_than_a_fit() -> None:
    clean = photograph(size=32).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP())
    inner = solvers.Muon(average=0.9, average_from=10)
    one, two = (solve(p, Restarts(inner, stop.MaxIterations(30), n)).x for n in (1, 2))
    assert psnr(two, clean) > psnr(one, clean) + 0.3


def test_a_fit_keeps_what_its_rule_says() -> None:
    p = problem()
    solver = Restarts(solvers.Adam(), stop.MovingVariance(patience=3, min_start=2) | stop.MaxIterations(9), 1)
    state = solver.init(p, None, torch.Generator().manual_seed(0))
    while not state.finished:
        state = solver.step(p, state)
    assert state.kept is not None
    assert torch.equal(solver.estimate(state), state.kept)
    assert state.iteration <= 9


def test_a_step_is_pure_and_a_pause_changes_nothing() -> None:
    p, solver = problem(), restarts()
    state = solver.init(p, None, torch.Generator().manual_seed(0))
    for _ in range(EACH):
        state = solver.step(p, state)
    a, b = solver.step(p, state), solver.step(p, state)
    assert torch.equal(a.inner.weights.theta, b.inner.weights.theta)
    whole = solve(p, solver, seed=5)
    part = solve(p, solver, stop=stop.MaxIterations(EACH + 2), seed=5)
    assert torch.equal(solve(p, solver, state=part.state).x, whole.x)
    assert not torch.equal(solve(p, solver, seed=6).x, whole.x)


def test_the_status_says_why_the_fits_ended() -> None:
    p, limit = problem(), stop.MaxIterations(9)
    alike = solve(p, Restarts(solvers.Adam(), limit, 2)).status
    assert alike == Status("max_iterations", "the limit of 9 iterations was reached (2 of 2 fits)")
    reached = solve(p, Restarts(solvers.Adam(), stop.Discrepancy(100.0, every=1, min_start=1) | limit, 2)).status
    assert reached == Status("converged", "the residual fell to the noise level (2 of 2 fits)")
    solver = Restarts(solvers.Adam(), limit, 2)
    state = solver.init(p, None, torch.Generator())
    mixed = replace(state, ends=(alike, reached))
    status = solver.ended(mixed)
    assert status is not None
    assert status.name == "converged"
    assert status.message.count("1 of 2 fits") == 2
    assert solver.ended(state) is None


def test_how_long_it_takes_at_most_is_known() -> None:
    assert restarts().default_stop().most == 3 * EACH


def test_there_is_at_least_one_fit() -> None:
    with pytest.raises(InvpriorError, match="at least one fit, got 0"):
        restarts(0)


def test_fits_of_a_lifted_prior_average_their_variables() -> None:
    clean = photograph(size=12)
    A = Identity(clean.shape)
    y = noise.Gaussian(0.1).sample(torch.stack([clean, 1 - clean]), torch.Generator().manual_seed(0))  # a batch of two
    p = Problem(A, y, noise=noise.Gaussian(0.1), prior=10 * TGV())
    solver = Restarts(solvers.PDHG(), stop.MaxIterations(20), 2)
    result, state = solve(p, solver), solver.init(p, None, torch.Generator())
    assert result.x.shape == y.shape
    while solver.ended(state) is None:
        state = solver.step(p, state)
    once = solve(p, solvers.PDHG(), stop=stop.MaxIterations(20))  # without a network all fits are alike
    assert torch.allclose(result.x, once.x)
    assert torch.allclose(solver.estimate(state), once.state.solver_state.x)


def test_the_end_of_all_fits_is_told_by_those_that_are_finished() -> None:
    p, solver = problem(), restarts(4)
    state = solver.init(p, None, torch.Generator().manual_seed(0))
    told = []
    for _ in range(2 * EACH + 3):
        state = solver.step(p, state)
        told.append(solver.last(state))
    assert told == [None] * (EACH - 1) + [4 * EACH] * (EACH + 4)
