"""The pair with and without flash."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import FlashPair
from tests.helpers import adjoint_error, randn

exposure = st.floats(1e-3, 1e3)


def test_light_adds_up() -> None:
    ambient, flash = randn(3, 4, 5), randn(3, 4, 5, seed=1)
    out = FlashPair((3, 4, 5), (4.0, 0.5))(torch.stack([ambient, flash]))
    assert torch.equal(out[0], 4 * ambient)
    assert torch.equal(out[1], 0.5 * (ambient + flash))


@given(st.integers(1, 4), st.integers(1, 5), exposure, exposure)
def test_adjoint_and_norm(H: int, W: int, t0: float, t1: float) -> None:
    A = FlashPair((2, H, W), (t0, t1))
    assert A.in_shape == A.out_shape == (2, 2, H, W)
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10
    assert torch.equal(A.H.to_dense(), A.to_dense().T)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)


def test_batches_and_derivatives() -> None:
    A = FlashPair((1, 2, 3), (2.0, 0.5))
    assert torch.autograd.gradcheck(A, randn(2, 1, 2, 3).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(2, 1, 2, 3).requires_grad_())
    for B in (A, A.H):
        x = randn(5, 3, 2, 1, 2, 3)
        assert torch.equal(B(x)[4, 1], B(x[4, 1]))


@pytest.mark.parametrize("exposures", [(1.0,), (0.0, 1.0), (1.0, -1.0), (1.0, float("nan")), (1.0, float("inf"))])
def test_bad_exposures_are_named(exposures: Any) -> None:
    with pytest.raises(InvpriorError, match="two positive numbers"):
        FlashPair((3, 4, 5), exposures)
