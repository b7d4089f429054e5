"""Going on from a state: with the same problem bit for bit, in a new process too, and with another one as from anew."""

from __future__ import annotations

import pickle
from statistics import median
from typing import Any

import pytest
import torch

from invprior import InvpriorError, LinearOperator, Problem, noise, solve, solvers, stop
from invprior.operators import Identity, Lanczos, Mask
from invprior.priors import DIP, TGV, TV, Box, NoPrior
from invprior.solvers import Restarts, Solver, Tiled
from tests.helpers import photograph, psnr

CLEAN = photograph(size=24).float()
ADAM = solvers.Adam(lr=0.02)
KNOWN = torch.rand(24, 24, generator=torch.Generator().manual_seed(0)) > 0.5
OPERATORS: dict[str, LinearOperator] = {
    "identity": Identity(CLEAN.shape),
    "mask": Mask(CLEAN.shape, KNOWN),
    "lanczos": Lanczos(CLEAN.shape, 2),
}
PRIORS = {"tv": 10 * TV(), "tgv": 10 * TGV() + Box(), "none": NoPrior(), "dip": DIP()}
CASES: list[tuple[str, str, Solver[Any]]] = [
    ("identity", "tv", solvers.PDHG()),
    ("mask", "tv", solvers.PDHG()),
    ("lanczos", "tgv", solvers.PDHG()),
    ("mask", "none", solvers.ConjugateGradient()),
    ("identity", "none", solvers.ProximalGradient()),
    ("mask", "tv", ADAM),
    ("identity", "dip", ADAM),
    ("identity", "tv", Tiled(solvers.PDHG(), 16, 8)),
    ("mask", "tv", Tiled(ADAM, 16, 8)),
    ("identity", "tv", Restarts(solvers.PDHG(), stop.MaxIterations(15), 2)),
]


def problem(A: LinearOperator, prior: str, clean: torch.Tensor = CLEAN) -> Problem:
    y = noise.Gaussian(0.05).sample(A(clean), torch.Generator().manual_seed(1))
    return Problem(A, y, noise=noise.Gaussian(0.05), prior=PRIORS[prior])


@pytest.mark.parametrize(("A", "prior", "solver"), CASES, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_a_pickled_state_with_an_equal_problem_gives_the_same_bits(A: str, prior: str, solver: Solver[Any]) -> None:
    whole = solve(problem(OPERATORS[A], prior), solver, stop=stop.MaxIterations(24))
    part = solve(problem(OPERATORS[A], prior), solver, stop=stop.MaxIterations(11))
    state = pickle.loads(pickle.dumps(part.state))
    rest = solve(problem(OPERATORS[A], prior), solver, stop=stop.MaxIterations(24), state=state)
    assert rest.iterations == 24
    assert torch.equal(rest.x, whole.x)


@pytest.mark.parametrize(("A", "prior", "solver"), CASES, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_another_problem_is_solved_from_a_state(A: str, prior: str, solver: Solver[Any]) -> None:
    few, many = (15, 40) if prior == "dip" else (60, 150)
    other = problem(OPERATORS[A], prior, 1 - CLEAN)
    gains = []
    for seed in range(3 if prior == "dip" else 1):  # a fit of 40 steps depends on the seed by a few decibels
        first = solve(problem(OPERATORS[A], prior), solver, stop=stop.MaxIterations(few), seed=seed)
        fresh = solve(other, solver, stop=stop.MaxIterations(many), seed=seed)
        carried = solve(other, solver, stop=stop.MaxIterations(many), state=first.state)
        gains.append(psnr(carried.x, 1 - CLEAN) - psnr(fresh.x, 1 - CLEAN))
        assert carried.history[0]["iteration"] <= 10  # counted anew
    assert median(gains) > -1


def test_what_was_kept_of_the_first_problem_is_not_the_second_ones() -> None:
    rule = stop.MovingVariance(patience=5, min_start=15) | stop.MaxIterations(40)
    first = solve(problem(OPERATORS["identity"], "dip"), ADAM, stop=rule)
    second = solve(problem(OPERATORS["identity"], "dip", 1 - CLEAN), ADAM, stop=rule, state=first.state)
    assert second.kept >= 1
    assert psnr(second.x, 1 - CLEAN) > psnr(second.x, CLEAN)


def test_equal_problems_have_one_mark_and_others_another() -> None:
    A = OPERATORS["mask"]
    here = problem(A, "tv")
    assert problem(Mask(CLEAN.shape, KNOWN.clone()), "tv").mark == here.mark
    y = here.data_terms[0].y
    nudged = y.clone()
    nudged[0, 0, 0] += 1e-3
    others = [
        Problem(A, nudged, noise=noise.Gaussian(0.05), prior=10 * TV()),
        Problem(A, y, noise=noise.Gaussian(0.06), prior=10 * TV()),
        Problem(A, y, noise=noise.Gaussian(0.05), prior=11 * TV()),
        Problem(A, y, noise=noise.Gaussian(0.05), prior=10 * TV() + Box()),
        Problem(A, y, noise=noise.Gaussian(0.05), prior=10 * TV() + Box(0, 0.9)),
        Problem(Mask(CLEAN.shape, ~KNOWN), y, noise=noise.Gaussian(0.05), prior=10 * TV()),
    ]
    assert len({here.mark, *(p.mark for p in others)}) == len(others) + 1


def test_tiles_of_restarts_average_as_restarts_of_tiles() -> None:
    p = problem(OPERATORS["identity"], "tv")
    fits = Restarts(solvers.PDHG(), stop.MaxIterations(20), 2)
    inside = solve(p, Tiled(fits, 16, 8))
    assert (inside.status.name, inside.iterations) == ("max_iterations", 40)
    outside = solve(p, Restarts(Tiled(solvers.PDHG(), 16, 8), stop.MaxIterations(20), 2))
    assert torch.allclose(inside.x, outside.x, atol=1e-5)


@pytest.mark.parametrize(
    ("other", "solver"),
    [
        (problem(OPERATORS["identity"], "dip"), None),
        (problem(OPERATORS["identity"], "tgv"), None),
        (problem(OPERATORS["identity"], "none"), None),
        (problem(OPERATORS["identity"], "tv"), ADAM),
        (problem(OPERATORS["identity"], "tv"), Tiled(solvers.PDHG(), 16, 8)),
    ],
    ids=["network", "lifted", "conjugate gradients", "another solver", "tiles"],
)
def test_a_state_of_another_kind_is_refused(other: Problem, solver: Solver[Any] | None) -> None:
    state = solve(problem(OPERATORS["identity"], "tv"), stop=stop.MaxIterations(5)).state
    with pytest.raises(InvpriorError, match=r"the state is one of PDHG for a variable .*with x0=result\.x"):
        solve(other, solver, state=state)
