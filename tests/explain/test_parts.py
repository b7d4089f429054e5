"""What the measurements determine is the range of Aᴴ, and what the prior added its complement."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import invprior as ip
from invprior.testing import strategies
from tests.helpers import photograph, randn


def problem_of(A: ip.Operator, sigma: float = 0.1, y: Tensor | None = None) -> ip.Problem:
    y = torch.zeros(A.out_shape, dtype=torch.float64) if y is None else y
    return ip.Problem(A, y, noise=ip.noise.Gaussian(sigma), prior=ip.priors.TV())


def dense(A: ip.LinearOperator) -> Tensor:
    """A as a matrix on flat images, one column for each pixel."""
    n = math.prod(A.in_shape)
    images: Tensor = A(torch.eye(n, dtype=torch.float64).reshape(n, *A.in_shape))
    return images.reshape(n, -1).T


def filtered(A: ip.LinearOperator, x: Tensor, damp: float) -> Tensor:
    """Σ_k s_k²/(s_k² + d²) v_k v_kᵀ x by the singular value decomposition, with 0/0 = 0."""
    _, s, V = torch.linalg.svd(dense(A), full_matrices=False)
    s = torch.where(s > 1e-9 * s.max(), s, 0) if s.numel() else s
    gain = torch.where(s > 0, s**2 / (s**2 + damp**2), 0)
    kept: Tensor = V.T @ (gain * (V @ x.flatten()))
    return kept.reshape(x.shape)


@settings(max_examples=12, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**20), sigma=st.sampled_from([0.05, 0.5]))
def test_the_parts_are_those_of_the_singular_value_decomposition(data: st.DataObject, seed: int, sigma: float) -> None:
    rows, columns = data.draw(st.integers(1, 12)), data.draw(st.tuples(st.integers(2, 4), st.integers(2, 4)))
    matrix = randn(rows, math.prod(columns), seed=seed)
    A = ip.operators.from_function(lambda x: (matrix.to(x) @ x.flatten(-2).unsqueeze(-1)).squeeze(-1), columns)
    x = 3 + randn(*columns, seed=seed + 1)
    found = ip.explain.determined(problem_of(A, sigma), x)
    rest = x - found.mean
    expected = filtered(A, rest, sigma / found.scale)
    torch.testing.assert_close(found.determined - found.mean, expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.determined + found.added, x)
    assert found.share == pytest.approx(float((rest * expected).sum() / rest.square().sum()), abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_without_noise_the_parts_are_orthogonal_for_every_expression(data: st.DataObject) -> None:
    A = data.draw(strategies.expressions(most=6)).double()
    x = randn(*A.in_shape, dtype=strategies.input_dtype(A, torch.float64))
    y = A(x)
    found = ip.explain.determined(
        ip.Problem(A, y, noise=ip.noise.Gaussian(1.0), prior=ip.priors.NoPrior()), x, math.inf
    )
    if found.status.name != "converged":  # products of warps and blurs can be too ill-conditioned for any solve
        return
    kept, rest = found.determined - found.mean, x - found.mean
    energies = float(kept.abs().square().sum() + found.added.abs().square().sum())
    assert energies == pytest.approx(float(rest.abs().square().sum()), rel=2e-2)


def test_under_a_mask_the_prior_added_the_hole_and_nothing_else() -> None:
    x = photograph(size=24)
    known = torch.rand(24, 24, generator=torch.Generator().manual_seed(0)) < 0.5
    A = ip.operators.Mask(x.shape, known)
    found = ip.explain.determined(problem_of(A, y=A(x)), x, scale=math.inf)
    rest = x - x.mean((-2, -1), keepdim=True)
    torch.testing.assert_close(found.added, torch.where(known, 0, rest))
    assert found.share == pytest.approx(float((rest * known).square().sum() / rest.square().sum()))
    damped = ip.explain.determined(problem_of(A, 0.1, y=A(x)), x)
    gain = damped.scale**2 / (damped.scale**2 + 0.1**2)
    torch.testing.assert_close(damped.added, torch.where(known, (1 - gain) * rest, rest))


def test_a_lanczos_decimation_determines_what_the_pseudo_inverse_gives_back() -> None:
    A = ip.operators.Lanczos((1, 16, 12), factor=4)
    x = photograph(size=16)[:1, :, :12]
    found = ip.explain.determined(problem_of(A), x, scale=math.inf)
    M, rest = dense(A), x - found.mean
    expected = (torch.linalg.pinv(M) @ (M @ rest.flatten())).reshape(x.shape)
    torch.testing.assert_close(found.determined - found.mean, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(A(found.added), torch.zeros_like(A(x)), atol=1e-5, rtol=0)
    assert 0.2 < found.share < 0.95


def test_noise_takes_directions_away_and_several_measurements_add_up() -> None:
    x = photograph(size=16)
    A = ip.operators.Blur(x.shape, torch.full((3, 3), 1 / 9, dtype=torch.float64))
    shares = [ip.explain.determined(problem_of(A, sigma), x).share for sigma in (0.001, 0.05, 0.5)]
    assert shares == sorted(shares, reverse=True)
    d = ip.DataTerm(A, A(x), ip.noise.Gaussian(0.1))
    twice = ip.explain.determined(ip.Problem.from_terms([d, d], ip.priors.TV()), x)
    once = ip.explain.determined(problem_of(A, 0.1 / math.sqrt(2)), x)
    torch.testing.assert_close(twice.added, once.added, atol=1e-4, rtol=0)


def test_photons_batches_and_single_precision() -> None:
    A = ip.operators.Identity((1, 8, 8))
    y = torch.cat([torch.full((1, 1, 8, 8), 0.0), torch.full((1, 1, 8, 8), 4.0)]).float()
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    problem = ip.Problem(A, y, noise=ip.noise.Poisson(1.0), prior=ip.priors.TV())
    found = ip.explain.determined(problem, x)
    assert found.determined.dtype == torch.float32
    assert bool(found.added.isfinite().all())
    torch.testing.assert_close(found.determined + found.added, x)


def test_a_constant_image_is_all_determined() -> None:
    A = ip.operators.Identity((1, 8, 8))
    found = ip.explain.determined(problem_of(A), torch.ones(1, 8, 8, dtype=torch.float64))
    assert found.share == 1
    assert not found.added.any()


def test_what_cannot_be_split_is_refused() -> None:
    A = ip.operators.Identity((1, 8, 8))
    x = randn(1, 8, 8)
    with pytest.raises(ip.InvpriorError, match="linear operators, and Saturate"):
        ip.explain.determined(problem_of(ip.operators.Saturate((1, 8, 8), 1.0)), x)
    with pytest.raises(ip.InvpriorError, match="takes shape"):
        ip.explain.determined(problem_of(A), randn(1, 8, 9))
    with pytest.raises(ip.InvpriorError, match="is positive"):
        ip.explain.determined(problem_of(A), x, scale=0.0)
    with pytest.raises(ip.InvpriorError, match="that of the problem"):
        ip.explain.determined(problem_of(A), randn(2, 1, 8, 8))
