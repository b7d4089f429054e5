"""ProximalGradient: the optimum of the others, an honest gap, restarts, backtracking."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import torch
from torch import Tensor

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.functional import Term
from invprior.functionals import L1
from invprior.operators import Blur, Identity, Lanczos
from invprior.prior import Prior
from invprior.priors import DIP, TV, Box, Tikhonov
from invprior.shapes import Shape
from tests.helpers import photograph, randn

SHAPE = (1, 8, 8)
TIGHT = stop.RelativeGap(1e-10, every=5) | stop.MaxIterations(40_000)


class Sparse(Prior):
    """Σ|x|."""

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(L1(), Identity(shape)),)


def blur(shape: Shape = SHAPE) -> Blur:
    return Blur(shape, torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 0]], dtype=torch.float64) / 15)


def blurred(prior: Prior, image: Tensor | None = None) -> Problem:
    A = blur()
    x = torch.linspace(0, 1, 64, dtype=torch.float64).reshape(SHAPE) if image is None else image
    y = A(x) + 0.02 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Problem(A, y, noise=noise.Gaussian(0.1), prior=prior)


def dense_tikhonov(problem: Problem, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the least-squares problem of a blurred picture with Tikhonov smoothness."""
    D = Tikhonov().terms(SHAPE)[0].operator
    assert isinstance(problem.data_terms[0].operator, Blur)
    A = problem.data_terms[0].operator.to_dense().numpy() / 0.1
    M = np.concatenate([A, np.sqrt(weight) * D.to_dense().numpy()])  # type: ignore[operator]
    return M, np.concatenate([problem.data_terms[0].y.numpy().ravel() / 0.1, np.zeros(len(M) - len(A))])


def test_bounded_least_squares_by_pdhg_fista_and_scipy() -> None:
    problem = blurred(5.0 * Tikhonov() + Box(0.3, 0.5))
    M, b = dense_tikhonov(problem, 5.0)
    exact = scipy.optimize.lsq_linear(M, b, bounds=(0.3, 0.5), method="bvls", tol=1e-14)
    assert {0.3, 0.5} <= set(exact.x)
    for solver in (solvers.PDHG(), solvers.ProximalGradient()):
        r = solve(problem, solver, stop=TIGHT)
        assert r.status.name == "converged"
        assert float(problem.objective(r.x)) == pytest.approx(exact.cost, rel=1e-8)
        assert np.abs(r.x.numpy().ravel() - exact.x).max() < 1e-4


def test_the_lasso_by_pdhg_fista_and_scipy() -> None:
    spikes = torch.where(randn(*SHAPE) > 1, 1.0, 0.0).double()
    problem = blurred(6.0 * Sparse(), spikes)
    assert isinstance(problem.data_terms[0].operator, Blur)
    A, y = problem.data_terms[0].operator.to_dense().numpy() / 0.1, problem.data_terms[0].y.numpy().ravel() / 0.1

    def split(z: np.ndarray) -> tuple[float, np.ndarray]:  # x = p − q with p, q ≥ 0 makes it smooth
        p, q = np.split(z, 2)
        r = A @ (p - q) - y
        g = A.T @ r
        return 0.5 * r @ r + 6.0 * z.sum(), np.concatenate([g + 6.0, 6.0 - g])

    exact = scipy.optimize.minimize(
        split, np.zeros(128), jac=True, bounds=[(0, None)] * 128, options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 9999}
    )
    values = []
    for solver in (solvers.PDHG(), solvers.ProximalGradient()):
        r = solve(problem, solver, stop=TIGHT)
        assert r.status.name == "converged"
        values.append(float(problem.objective(r.x)))
    assert values[0] == pytest.approx(values[1], rel=1e-8)
    assert values[0] == pytest.approx(exact.fun, rel=1e-6)


def test_the_gap_bounds_the_error() -> None:
    for prior in (6.0 * Sparse(), 5.0 * Tikhonov() + Box(0.3, 0.5), 6.0 * Sparse() + Box(0.0, 0.4)):
        problem = blurred(prior)
        best = float(problem.objective(solve(problem, solvers.ProximalGradient(), stop=TIGHT).x))
        rows = solve(problem, solvers.ProximalGradient(), stop=stop.MaxIterations(100)).history
        assert all(-1e-9 * best <= row["value"] - best <= row["gap"] * (1 + 1e-9) + 1e-9 * best for row in rows)
        assert rows[-1]["gap"] < rows[0]["gap"]


def test_restarts_keep_momentum_from_overshooting() -> None:
    problem = blurred(0.5 * Tikhonov() + Box(0.0, 1.0))
    rows = solve(problem, solvers.ProximalGradient(), stop=stop.MaxIterations(600)).history
    best = float(problem.objective(solve(problem, solvers.ProximalGradient(), stop=TIGHT).x))
    assert rows[-1]["value"] - best < 1e-8 * best  # plain FISTA oscillates at about 1e-5 here


def test_backtracking_finds_the_step_of_photon_data() -> None:
    A = blur()
    y = noise.Poisson(0.02).sample(A(photograph(size=8)[:1]), torch.Generator().manual_seed(0))
    problem = Problem(A, y, noise=noise.Poisson(0.02), prior=3.0 * Tikhonov() + Box(0.01, 2.0))
    fista = solve(problem, solvers.ProximalGradient(), stop=stop.RelativeGap(1e-6) | stop.MaxIterations(5000))
    assert fista.status.name == "converged"
    pdhg = solve(problem, solvers.PDHG(), stop=stop.RelativeGap(1e-6) | stop.MaxIterations(20_000))
    assert float(problem.objective(fista.x)) == pytest.approx(float(problem.objective(pdhg.x)), abs=2e-6 * y.numel())


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_every_scale_of_the_operator(scale: float) -> None:
    A = Lanczos((1, 16, 16), 2)
    y = A(photograph(size=16)[:1])
    problem = Problem(scale * A, scale * y, noise=noise.Gaussian(0.1 * scale), prior=Tikhonov() + Box())
    r = solve(problem, solvers.ProximalGradient(), stop=stop.RelativeGap(1e-6) | stop.MaxIterations(5000))
    assert r.status.name == "converged"


@pytest.mark.parametrize(
    ("prior", "says"), [(DIP(), "Muon"), (TV(), "PDHG"), (Sparse() + Sparse(), "one term that is not smooth")]
)
def test_what_it_cannot_solve(prior: Prior, says: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        solve(blurred(prior), solvers.ProximalGradient())


def test_another_problem_goes_on_from_the_image() -> None:
    first, second = blurred(5.0 * Tikhonov() + Box()), blurred(4.0 * Tikhonov() + Box())
    state = solve(first, solvers.ProximalGradient(), stop=stop.MaxIterations(20)).state
    warm = solve(
        second, solvers.ProximalGradient(), state=state, stop=stop.RelativeGap(1e-8) | stop.MaxIterations(9999)
    )
    cold = solve(second, solvers.ProximalGradient(), stop=stop.RelativeGap(1e-8) | stop.MaxIterations(9999))
    assert torch.allclose(warm.x, cold.x, atol=1e-4)
