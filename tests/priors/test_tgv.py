"""TGV: it keeps ramps, agrees with an independent solver, and composes like every other prior."""

from __future__ import annotations

import pytest
import scipy.optimize
import torch

from invprior import InvpriorError, Problem, noise, solve, solvers, stop, weight
from invprior.operators import Identity, Mask
from invprior.priors import DIP, TGV, TV, Box, Tikhonov
from invprior.priors.tgv import Bending, Remainder
from tests.helpers import photograph, psnr, randn
from tests.testing.together import broken


@pytest.mark.parametrize("kind", [Remainder, Bending])
def test_the_operators_obey_the_laws(kind: type) -> None:
    for shape in ((2, 5, 4), (1, 6) if kind is Remainder else (3, 6)):
        assert broken(kind(shape), examples=30) == []


def test_a_ramp_costs_nothing_and_comes_back() -> None:
    rows, cols = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    ramp = (0.2 + 0.02 * rows + 0.01 * cols).double()[None]
    y = ramp + 0.1 * randn(1, 24, 24)
    tight = stop.RelativeGap(1e-5) | stop.MaxIterations(5000)
    flat = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=1e3 * TGV()), stop=tight).x
    stairs = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=10.0 * TV()), stop=tight).x
    design = torch.stack([torch.ones(576), rows.reshape(-1), cols.reshape(-1)], dim=1).double()
    plane = design @ torch.linalg.lstsq(design, y.reshape(-1, 1)).solution
    assert torch.allclose(flat.reshape(-1, 1), plane, atol=2e-3)
    assert psnr(flat, ramp) > psnr(stairs, ramp) + 5


def test_against_an_independent_minimiser() -> None:
    y = 0.5 * randn(1, 5, 5)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=8.0 * TGV())
    r = solve(problem, stop=stop.RelativeGap(1e-9) | stop.MaxIterations(50_000))
    assert r.status.name == "converged"
    K, E = (t.operator.to_dense() for t in TGV().terms((1, 5, 5)))  # type: ignore[operator]

    def smooth(z: object) -> tuple[float, object]:
        X = torch.as_tensor(z).requires_grad_()
        p, q = (K @ X).reshape(2, -1), (E @ X).reshape(3, -1)
        eps = 1e-12
        value = 50 * (X[:25] - y.reshape(-1)).square().sum()
        value = value + 8 * ((p.square().sum(0) + eps).sqrt().sum() + 2 * (q.square().sum(0) + eps).sqrt().sum())
        (g,) = torch.autograd.grad(value, X)
        return value.item(), g.numpy()

    start = torch.cat([y.reshape(-1), torch.zeros(50, dtype=torch.float64)]).numpy()
    exact = scipy.optimize.minimize(smooth, start, jac=True, options={"maxiter": 20_000, "gtol": 1e-8})
    assert r.history[-1]["value"] == pytest.approx(exact.fun, rel=1e-5)


def test_the_gap_bounds_the_error() -> None:
    y = photograph(size=8) + 0.1 * randn(3, 8, 8)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=10.0 * TGV())
    rows = solve(problem, stop=stop.MaxIterations(1000)).history
    best = rows[-1]["value"]
    assert all(-1e-6 * best <= row["value"] - best <= row["gap"] + 1e-6 * best for row in rows)
    assert rows[-1]["gap"] < 1e-3 * best


def test_sums_masks_and_automatic_weights() -> None:
    clean = photograph(size=24)
    y = clean + 0.1 * randn(3, 24, 24)
    A = Mask(clean.shape, randn(24, 24) > -1)
    for prior in (5.0 * TGV() + 2.0 * TV(), Tikhonov() + 5.0 * TGV() + Box()):
        r = solve(Problem(A, A(y), noise=noise.Gaussian(0.1), prior=prior), stop=stop.MaxIterations(300))
        assert r.x.shape == clean.shape
        assert psnr(r.x, clean) > psnr(y, clean) + 2
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TGV())
    assert 3 < weight.auto(problem).weight < 40


def test_box_bounds_the_image_and_not_its_slopes() -> None:
    cols = torch.linspace(0.9, 0.1, 12).double().expand(1, 12, 12)
    problem = Problem(Identity(cols.shape), cols, noise=noise.Gaussian(0.1), prior=5.0 * TGV() + Box(0.2, 0.8))
    r = solve(problem, stop=stop.RelativeGap(1e-6) | stop.MaxIterations(5000))
    assert torch.equal(r.x, r.x.clamp(0.2, 0.8))
    assert float(r.state.solver_state.x[1:].min()) < -0.01  # a falling slope is a negative field
    assert psnr(r.x, cols.clamp(0.2, 0.8)) > 35


def test_beside_a_network_the_field_is_fitted_too() -> None:
    y = photograph(size=32).float()
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP() + 1.0 * TGV())
    r = solve(problem, solvers.Adam(), stop=stop.MaxIterations(5))
    assert r.x.shape == y.shape
    assert float(r.state.solver_state.x[1:].abs().max()) > 0


def test_refusals() -> None:
    with pytest.raises(InvpriorError, match="ratio of TGV is a number from"):
        TGV(ratio=0.0)
    y = photograph(size=8)
    with pytest.raises(InvpriorError, match="auxiliary"):
        Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TGV() + TGV())
