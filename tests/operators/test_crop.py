"""Windows of a picture."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Crop, Pad
from tests.helpers import adjoint_error, randn


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_is_the_slice_and_its_adjoint_the_zero_padding(H: int, W: int, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, H)), data.draw(st.integers(1, W))
    top, left = data.draw(st.integers(0, H - height)), data.draw(st.integers(0, W - width))
    A = Crop((2, H, W), top, left, height, width)
    x, y = randn(2, H, W), randn(2, height, width)
    assert torch.equal(A(x), x[:, top : top + height, left : left + width])
    back = Pad((2, height, width), (top, H - top - height, left, W - left - width))
    assert torch.equal(A.H(y), back(y))
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10
    assert torch.equal(A.H.to_dense(), A.to_dense().T)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)


def test_derivatives_and_batches() -> None:
    A = Crop((5, 4), 1, 2, 3, 1)
    assert torch.autograd.gradcheck(A, randn(5, 4).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(3, 1).requires_grad_())
    for B in (A, A.H):
        x = randn(3, 2, *B.in_shape)
        assert torch.equal(B(x)[2, 1], B(x[2, 1]))


@pytest.mark.parametrize("window", [(-1, 0, 2, 2), (0, 0, 0, 2), (0, 3, 2, 2), (4, 0, 2, 2), (0, 0, 6, 1)])
def test_a_window_outside_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvpriorError, match="must be a window inside a picture of 5 rows and 4 columns"):
        Crop((3, 5, 4), *window)


def test_a_vector_is_refused() -> None:
    with pytest.raises(InvpriorError, match="Crop needs an image of shape"):
        Crop((5,), 0, 0, 1, 1)
