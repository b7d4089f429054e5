"""CG against NumPy's least squares."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse.linalg
import torch

from invprior import DataTerm, InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import FiniteDifference, Identity, Lanczos, Mask
from invprior.priors import NoPrior, Tikhonov
from tests.helpers import photograph, randn


def test_the_least_norm_solution_of_an_underdetermined_problem() -> None:
    A = Lanczos((12, 9), 3)
    y = randn(*A.out_shape)
    r = solve(Problem(A, y, noise=noise.Gaussian(1.0), prior=NoPrior()), stop=stop.Stationary(1e-12))
    assert isinstance(r.solver, solvers.ConjugateGradient)
    assert r.status.name == "converged"
    expected = np.linalg.pinv(A.to_dense().numpy()) @ y.numpy().ravel()
    assert np.allclose(r.x.numpy().ravel(), expected, atol=1e-10)


def test_several_measurements_are_weighted_by_their_noise() -> None:
    A, B = Mask((6, 5), randn(6, 5) > 0), FiniteDifference((6, 5))
    y, g = randn(6, 5, seed=1), randn(2, 6, 5, seed=2)
    terms = [DataTerm(A, y, noise.Gaussian(0.5)), DataTerm(B, g, noise.Gaussian(2.0))]
    r = solve(Problem.from_terms(terms, NoPrior()), stop=stop.Stationary(1e-12))
    M = np.vstack([A.to_dense().numpy() / 0.5, B.to_dense().numpy() / 2])
    b = np.concatenate([y.numpy().ravel() / 0.5, g.numpy().ravel() / 2])
    assert np.allclose(r.x.numpy().ravel(), np.linalg.lstsq(M, b)[0], atol=1e-9)


def test_another_problem_can_go_on_from_a_state() -> None:
    A = Mask((6, 5), randn(6, 5) > 0)
    first, second = (Problem(A, randn(6, 5, seed=s), noise=noise.Gaussian(1.0), prior=0.5 * Tikhonov()) for s in (1, 2))
    warm = solve(second, stop=stop.Stationary(1e-12), state=solve(first).state)
    cold = solve(second, stop=stop.Stationary(1e-12))
    assert torch.allclose(warm.x, cold.x, atol=1e-9)


def test_a_batch_is_solved_image_by_image() -> None:
    A = Lanczos((8, 8), 2)
    y = randn(2, 4, 4)
    both = solve(Problem(A, y, noise=noise.Gaussian(1.0), prior=NoPrior()), stop=stop.Stationary(1e-12)).x
    one = solve(Problem(A, y[1], noise=noise.Gaussian(1.0), prior=NoPrior()), stop=stop.Stationary(1e-12)).x
    assert torch.allclose(both[1], one, atol=1e-9)


@pytest.mark.parametrize("y", [torch.zeros(4, 4), torch.ones(4, 4)])
def test_a_problem_that_is_solved_at_once_stays_solved(y: torch.Tensor) -> None:
    r = solve(Problem(Identity((4, 4)), y, noise=noise.Gaussian(0.1), prior=NoPrior()), stop=stop.MaxIterations(5))
    assert torch.allclose(r.x, y)


@pytest.mark.parametrize("damp", [0.1, 2.0])
def test_damping_is_that_of_lsqr(damp: float) -> None:
    A = Lanczos((1, 8, 8), 2)
    y = A(photograph(size=8)[:1])
    problem = Problem(A, y, noise=noise.Gaussian(1.0), prior=NoPrior())
    r = solve(problem, solvers.ConjugateGradient(damp), stop=stop.Stationary(1e-10) | stop.MaxIterations(500))
    exact = scipy.sparse.linalg.lsqr(A.as_scipy(), y.numpy().ravel(), damp=damp, atol=1e-14, btol=1e-14)[0]
    assert np.abs(r.x.numpy().ravel() - exact).max() < 1e-8
    assert r.history[-1]["value"] == pytest.approx(float(problem.objective(r.x) + 0.5 * damp**2 * r.x.square().sum()))
    with pytest.raises(InvpriorError, match="damp"):
        solvers.ConjugateGradient(-1.0)
