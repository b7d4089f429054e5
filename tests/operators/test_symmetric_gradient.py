"""The symmetrised Jacobian against its definition pixel by pixel and against the dense matrix."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import InvpriorError
from invprior.operators import FiniteDifference, SymmetricGradient
from tests.helpers import adjoint_error, randn

SIDE = st.integers(1, 7)


def jacobian(w: Tensor, i: int, j: int) -> Tensor:
    """∂_a w_k of a field (2, H, W) at a pixel, by the docstring: entry [k, a]."""
    H, W = w.shape[-2:]

    def value(k: int, i: int, j: int) -> float | None:
        inside = 0 <= i < H - (k == 0) and 0 <= j < W - (k == 1)
        return float(w[k, i, j]) if inside else None

    J = torch.zeros(2, 2, dtype=torch.float64)
    for k in range(2):
        for a, before in enumerate([(i - 1, j), (i, j - 1)]):
            here, there = value(k, i, j), value(k, *before)
            J[k, a] = 0.0 if here is None or there is None else here - there
    return J


@pytest.mark.parametrize("size", [(4, 5), (1, 4), (2, 3), (3, 1)])
def test_agrees_with_the_definition_pixel_by_pixel(size: tuple[int, int]) -> None:
    w = randn(2, *size)
    q = SymmetricGradient(size)(w)
    for i in range(size[0]):
        for j in range(size[1]):
            J = jacobian(w, i, j)
            S = (J + J.T) / 2
            expected = torch.stack([S[0, 0], S[1, 1], math.sqrt(2) * S[0, 1]])
            assert torch.allclose(q[:, i, j], expected, rtol=0, atol=1e-15)
            assert float(q[:, i, j].norm()) == pytest.approx(float(S.norm()), rel=1e-12)


@given(SIDE, SIDE, st.integers(1, 2))
def test_adjoint_matrix_and_norm(H: int, W: int, C: int) -> None:
    E = SymmetricGradient((C, H, W))
    assert adjoint_error(E) < 10
    assert adjoint_error(E, dtype=torch.float32) < 10
    dense = E.to_dense()
    assert torch.equal(E.H.to_dense(), dense.T)
    assert E.norm() == pytest.approx(float(torch.linalg.matrix_norm(dense, 2)), rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("size", [(16, 16), (16, 21)])
def test_the_bound_of_larger_pictures_is_sharp(size: tuple[int, int]) -> None:
    E = SymmetricGradient(size)
    exact = float(torch.linalg.matrix_norm(E.to_dense(), 2))
    assert exact <= E.norm() <= 1.001 * exact
    assert SymmetricGradient((3, *size)).norm() == E.norm()


def test_of_an_affine_picture_nothing_is_left_and_of_a_parabola_its_hessian() -> None:
    i, j = torch.meshgrid(torch.arange(6.0), torch.arange(7.0), indexing="ij")
    D, E = FiniteDifference((6, 7)), SymmetricGradient((6, 7))
    assert not E(D(2 * i - 3 * j + 1)).any()  # on the border too
    q = E(D(i.square() - 2 * j.square() + 3 * i * j))[:, 1:-1, 1:-1]
    # a backward difference of a forward one is the central second difference; of i j the two mixed ones are 1 each
    expected = torch.tensor([2.0, -4.0, 3 * math.sqrt(2)])[:, None, None]
    assert torch.allclose(q, expected.expand_as(q))


def test_a_rotation_costs_nothing_inside() -> None:
    i, j = torch.meshgrid(torch.arange(6.0), torch.arange(7.0), indexing="ij")
    q = SymmetricGradient((6, 7))(torch.stack([j, -i]))
    assert not q[:, 1:-1, 1:-1].any()
    assert q[2].any()  # where one of the two differences would reach outside


def test_the_rows_that_forward_differences_leave_zero_are_not_read() -> None:
    w = randn(2, 5, 6)
    other = w.clone()
    other[0, -1], other[1, :, -1] = 7.0, 7.0
    E = SymmetricGradient((5, 6))
    assert torch.equal(E(w), E(other))


def test_derivatives_batches_and_channels() -> None:
    E = SymmetricGradient((3, 4, 5))
    assert torch.autograd.gradcheck(SymmetricGradient((3, 4)), randn(2, 3, 4).requires_grad_())
    assert torch.autograd.gradcheck(SymmetricGradient((3, 4)).H, randn(3, 3, 4).requires_grad_())
    w = randn(4, 2, 3, 4, 5)
    assert torch.equal(E(w)[3], E(w[3]))
    assert torch.equal(E.H(E(w))[3], E.H(E(w[3])))
    assert torch.equal(E(w[0])[:, 1], SymmetricGradient((4, 5))(w[0, :, 1]))


def test_a_vector_is_refused() -> None:
    with pytest.raises(InvpriorError, match="SymmetricGradient needs an image of shape"):
        SymmetricGradient((5,))
