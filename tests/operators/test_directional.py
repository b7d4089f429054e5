"""The projection of a vector field against its dense matrix."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Directional, FiniteDifference
from tests.helpers import adjoint_error, randn


def directions(*shape: int, length: float = 1.0) -> torch.Tensor:
    xi = randn(*shape, seed=5)
    norms: torch.Tensor = torch.linalg.vector_norm(xi, dim=0, keepdim=True)
    return length * xi / norms


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.sampled_from([0.0, 0.3, 1.0]), st.booleans())
def test_adjoint_norm_and_matrix(K: int, C: int, n: int, length: float, broadcast: bool) -> None:
    P = Directional((K, C, n), directions(K, 1 if broadcast else C, n, length=length))
    assert adjoint_error(P) < 10
    assert P.H is P
    dense = P.to_dense()
    assert torch.allclose(dense, dense.T, rtol=0, atol=1e-15)
    assert P.norm() == pytest.approx(float(torch.linalg.matrix_norm(dense, 2)), rel=1e-9, abs=1e-12)
    assert adjoint_error(P.to(torch.float32), dtype=torch.float32) < 10


def test_agrees_with_the_formula_pixel_by_pixel() -> None:
    xi, p = directions(2, 1, 3, 4, length=0.7), randn(2, 3, 3, 4)
    out = Directional(p.shape, xi)(p)
    for c, i, j in torch.cartesian_prod(torch.arange(3), torch.arange(3), torch.arange(4)).tolist():
        v = xi[:, 0, i, j]
        matrix = torch.eye(2, dtype=v.dtype) - torch.outer(v, v)
        assert torch.allclose(out[:, c, i, j], matrix @ p[:, c, i, j], rtol=0, atol=1e-15)


def test_unit_directions_make_a_projection() -> None:
    xi = directions(2, 1, 5, 6)
    P = Directional((2, 3, 5, 6), xi)
    p = randn(2, 3, 5, 6)
    assert torch.allclose(P(P(p)), P(p), rtol=0, atol=1e-14)
    assert torch.allclose(P(xi.expand_as(p)), torch.zeros_like(p), atol=1e-15)


def test_it_follows_a_difference_operator() -> None:
    D = FiniteDifference((3, 4, 5))
    A = Directional(D.out_shape, directions(2, 1, 4, 5)) @ D
    assert adjoint_error(A) < 10
    assert A.norm() <= D.norm() * (1 + 1e-6)


def test_it_can_be_differentiated_and_batched() -> None:
    P = Directional((2, 3), directions(2, 3, length=0.5))
    assert torch.autograd.gradcheck(P, randn(2, 3).requires_grad_())
    assert torch.autograd.gradcheck(P.H, randn(2, 3).requires_grad_())
    x = randn(4, 2, 3)
    assert torch.equal(P(x)[1], P(x[1]))


def test_complex_fields_keep_their_kind() -> None:
    P = Directional((2, 3), directions(2, 3))
    x = torch.complex(randn(2, 3), randn(2, 3, seed=1))
    assert torch.allclose(P(x), torch.complex(P(x.real), P(x.imag)))


@pytest.mark.parametrize("shape", [(2,), (1, 3, 4), (2, 2, 4), (2, 1, 3, 4), (3, 3, 4)])
def test_directions_of_another_size_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match=r"do not fit a vector field of shape \(2, 3, 4\)"):
        Directional((2, 3, 4), torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.complex64])
def test_directions_are_real_and_floating(dtype: torch.dtype) -> None:
    with pytest.raises(InvpriorError, match="real floating tensor"):
        Directional((2, 3), torch.ones(2, 3, dtype=dtype))


@pytest.mark.parametrize("value", [1.0, float("nan")])
def test_directions_longer_than_one_are_refused(value: float) -> None:
    with pytest.raises(InvpriorError, match="lengths from 0 to 1, got one of"):
        Directional((2, 3), torch.full((2, 3), value))
