"""Differences against NumPy and the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import FiniteDifference
from tests.helpers import adjoint_error, randn


def test_agrees_with_numpy_diff() -> None:
    x = randn(2, 4, 5)
    out = FiniteDifference((2, 4, 5), (-2, -1), (1.0, 0.5))(x)
    assert np.array_equal(out[0, :, :-1].numpy(), np.diff(x.numpy(), axis=1))
    assert np.array_equal(out[1, ..., :-1].numpy(), 0.5 * np.diff(x.numpy(), axis=2))
    assert not out[0, :, -1].any()
    assert not out[1, ..., -1].any()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_adjoint_and_norm(shape: list[int], data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(len(shape))))[: data.draw(st.integers(1, len(shape)))]
    weights = [data.draw(st.floats(0.1, 3)) for _ in axes]
    D = FiniteDifference(shape, axes, weights)
    assert adjoint_error(D) < 10
    assert D.norm() == pytest.approx(float(torch.linalg.matrix_norm(D.to_dense(), 2)), rel=1e-9, abs=1e-12)


def test_it_can_be_differentiated_and_batched() -> None:
    D = FiniteDifference((3, 4))
    assert torch.autograd.gradcheck(D, randn(3, 4).requires_grad_())
    assert torch.autograd.gradcheck(D.H, randn(2, 3, 4).requires_grad_())
    assert torch.equal(D(randn(2, 3, 4))[1], D(randn(2, 3, 4)[1]))
    assert torch.equal(D.H(randn(2, 2, 3, 4))[1], D.H(randn(2, 2, 3, 4)[1]))


@pytest.mark.parametrize("axes", [(2,), (-1, 1), (), (-3,)])
def test_bad_axes_are_named(axes: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="must be different axes"):
        FiniteDifference((3, 4), axes)


def test_weights_must_match_the_axes() -> None:
    with pytest.raises(InvpriorError, match="2 axes need as many weights, got 1"):
        FiniteDifference((3, 4), (-2, -1), (1.0,))
