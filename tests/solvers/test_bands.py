"""Steps in bands of rows: the same iterates as on the whole picture, whatever the cut."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import Problem, noise, solve, solvers, stop
from invprior.linear_operator import LinearOperator
from invprior.operators import Blur, FiniteDifference, Identity, Lanczos, Mask
from invprior.prior import Prior
from invprior.priors import TGV, TV, Box
from invprior.solvers import bands
from tests.helpers import photograph, randn


def denoising(prior: Prior, y: Tensor) -> Problem:
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)


@pytest.mark.parametrize("prior", [9.0 * TV(), 9.0 * TV(coupled=False), 9.0 * TGV(), 9.0 * TV() + Box(0.2, 0.7)])
@pytest.mark.parametrize("rows", [2, 4, 5])
def test_bands_give_the_iterates_of_the_whole(prior: Prior, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    y = photograph(size=23) + 0.1 * randn(3, 23, 23)
    problem = denoising(prior, y)
    whole = solve(problem, solvers.PDHG(), stop=stop.MaxIterations(30))
    assert len(whole.state.solver_state.saddle.bands.near) == 1
    monkeypatch.setattr(bands, "SIZE", rows * problem.start()[..., 0, :].numel())
    cut = solve(denoising(prior, y), solvers.PDHG(), stop=stop.MaxIterations(30))
    parts = cut.state.solver_state.saddle.bands.near
    assert len(parts) > 1
    assert [p.rows.stop for p in parts[:-1]] == [p.rows.start for p in parts[1:]]
    assert torch.allclose(cut.x, whole.x, rtol=0, atol=1e-12)


def test_per_pixel_noise_is_cut_with_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    y = photograph(size=20)
    sigma = 0.05 + 0.1 * torch.rand(20, 20, dtype=torch.float64)
    problem = Problem(Mask(y.shape, randn(20, 20) > -1), y, noise=noise.Gaussian(sigma), prior=5.0 * TV())
    whole = solve(problem, stop=stop.MaxIterations(20)).x
    monkeypatch.setattr(bands, "SIZE", 3 * 20 * 4)
    assert torch.allclose(solve(problem, stop=stop.MaxIterations(20)).x, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("A", [Lanczos((3, 24, 24), 2), Blur((3, 24, 24), torch.ones(3, 3).double() / 9)], ids=repr)
@pytest.mark.parametrize("prior", [9.0 * TV(), 9.0 * TGV(), 9.0 * TV() + Box(0.2, 0.7)])
def test_what_mixes_distant_rows_is_whole_and_the_rest_in_bands(
    A: LinearOperator, prior: Prior, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = A(photograph(size=24)) + 0.02 * randn(*A.out_shape)
    whole = solve(Problem(A, y, noise=noise.Gaussian(0.02), prior=prior), stop=stop.MaxIterations(30))
    monkeypatch.setattr(bands, "SIZE", 5 * 24 * 3)
    cut = solve(Problem(A, y, noise=noise.Gaussian(0.02), prior=prior), stop=stop.MaxIterations(30))
    found = cut.state.solver_state.saddle.bands
    assert len(found.near) > 1
    assert [repr(b.K).startswith(repr(A)) for b in found.far.blocks] == [True]
    assert torch.allclose(cut.x, whole.x, rtol=0, atol=1e-12)
    for row, same in zip(cut.history, whole.history, strict=True):  # gap and value are summed over the bands
        assert row["value"] == pytest.approx(same["value"], rel=1e-10)
        assert row["gap"] == pytest.approx(same["gap"], rel=1e-8)


def test_an_operator_that_is_local_on_high_bands_only_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    y = photograph(size=23) + 0.1 * randn(3, 23, 23)
    whole = solve(denoising(9.0 * TV(), y), solvers.PDHG(), stop=stop.MaxIterations(5)).x
    plain = FiniteDifference.on_rows
    monkeypatch.setattr(FiniteDifference, "on_rows", lambda K, n: plain(K, n) if n > 12 else None)
    monkeypatch.setattr(bands, "SIZE", 4 * y[..., 0, :].numel())
    assert torch.allclose(solve(denoising(9.0 * TV(), y), solvers.PDHG(), stop=stop.MaxIterations(5)).x, whole)
