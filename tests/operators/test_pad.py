"""Against numpy.pad and the dense matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Pad
from invprior.operators.pad import Boundary
from tests.helpers import adjoint_error, randn

NUMPY = {"reflect": "symmetric", "replicate": "edge", "zero": "constant", "periodic": "wrap"}
modes = st.sampled_from(["reflect", "replicate", "zero", "periodic"])
margins = st.tuples(*[st.integers(0, 11)] * 4)


@given(st.integers(1, 5), st.integers(1, 5), margins, modes)
def test_agrees_with_numpy(H: int, W: int, padding: tuple[int, int, int, int], mode: Boundary) -> None:
    x = randn(2, H, W)
    top, bottom, left, right = padding
    expected = np.pad(x.numpy(), [(0, 0), (top, bottom), (left, right)], mode=NUMPY[mode])  # type: ignore[call-overload]
    A = Pad((2, H, W), padding, mode)
    assert A.out_shape == expected.shape
    assert np.array_equal(A(x).numpy(), expected)


@given(st.integers(1, 4), st.integers(1, 4), st.tuples(*[st.integers(0, 6)] * 4), modes)
def test_adjoint_and_norm(H: int, W: int, padding: tuple[int, int, int, int], mode: Boundary) -> None:
    A = Pad((H, W), padding, mode)
    M = A.to_dense()
    assert torch.equal(A.H.to_dense(), M.T)
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(M, 2)), rel=1e-12)


@pytest.mark.parametrize("mode", NUMPY)
def test_derivatives_and_batches(mode: Boundary) -> None:
    A = Pad((2, 3, 2), (4, 1, 0, 5), mode)
    assert torch.autograd.gradcheck(A, randn(2, 3, 2).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(*A.out_shape).requires_grad_())
    for B in (A, A.H):
        x = randn(3, 2, *B.in_shape)
        kept = x.clone()
        assert torch.equal(B(x)[2, 1], B(x[2, 1]))
        assert torch.equal(x, kept)


@pytest.mark.parametrize(
    ("shape", "padding", "mode", "message"),
    [
        ((4,), (1, 1, 1, 1), "zero", "Pad needs an image of shape"),
        ((4, 4), (1, 1), "zero", r"four whole numbers .* got \(1, 1\)"),
        ((4, 4), (1, 1, -1, 1), "zero", r"four whole numbers .* got \(1, 1, -1, 1\)"),
        ((4, 4), (1, 1, 0.5, 1), "zero", r"four whole numbers"),
        ((4, 4), (1, 1, 1, 1), "symmetric", "mode takes one of zero, reflect, replicate, periodic, got 'symmetric'"),
    ],
)
def test_bad_settings_are_named(shape: tuple[int, ...], padding: Any, mode: Boundary, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Pad(shape, padding, mode)
