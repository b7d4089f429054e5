"""Image operators on video."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import FiniteDifference, Fourier, Identity, Lanczos, Mask, PerFrame
from tests.helpers import adjoint_error, randn


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
def test_is_the_operator_on_each_frame(T: int, H: int, W: int) -> None:
    B = FiniteDifference((2, H, W))
    A = PerFrame(B, T)
    assert (A.in_shape, A.out_shape) == ((T, 2, H, W), (T, 2, 2, H, W))
    x, y = randn(T, 2, H, W), randn(*A.out_shape)
    assert torch.equal(A(x), torch.stack([B(frame) for frame in x]))
    assert torch.equal(A.H(y), torch.stack([B.H(frame) for frame in y]))
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10


def test_matrix_norm_and_diagonal() -> None:
    A = PerFrame(Lanczos((4, 5), 2), 2)
    M = A.to_dense()
    assert torch.allclose(A.H.to_dense(), M.T, atol=1e-15)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(M, 2)), rel=1e-12)
    assert A.diagonal() is None
    d = PerFrame(Mask((2, 3), randn(2, 3).sigmoid()), 4).diagonal()
    assert d is not None
    assert torch.equal(d.expand(4, 2, 3)[3], randn(2, 3).sigmoid())


def test_batches_and_derivatives() -> None:
    A = PerFrame(Lanczos((4, 3), 2), 2)
    x = randn(5, 2, 4, 3)
    assert torch.equal(A(x)[3], A(x[3]))
    assert torch.autograd.gradcheck(A, randn(2, 4, 3).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(*A.out_shape).requires_grad_())


def test_kind_dtype_and_shape_are_checked() -> None:
    assert PerFrame(Fourier((2, 3)), 2)(randn(2, 2, 3)).is_complex()
    with pytest.raises(
        InvpriorError, match=r"PerFrame\(Identity\(\(2, 3\)\), frames=4\) takes shape \(\.\.\., 4, 2, 3"
    ):
        PerFrame(Identity((2, 3)), 4)(randn(3, 2, 3))
    with pytest.raises(InvpriorError, match=r"holds torch\.float32"):
        PerFrame(Mask((2, 3), torch.ones(2, 3)), 2)(randn(2, 2, 3))


@pytest.mark.parametrize(
    ("operator", "frames", "message"),
    [(Identity((2, 3)), 0, "at least one frame, got 0"), (3, 2, "takes an operator on images, got 3")],
)
def test_bad_settings_are_named(operator: Any, frames: int, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        PerFrame(operator, frames)
