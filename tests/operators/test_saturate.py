"""Sensor clipping."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, LinearOperator
from invprior.operators import Lanczos, Saturate
from tests.helpers import randn


def test_clips_from_above_only_and_batches_pass() -> None:
    x = randn(2, 3, 4, 5)
    out = Saturate((3, 4, 5), 0.5)(x)
    assert torch.equal(out, torch.minimum(x, torch.tensor(0.5).double()))
    assert float(out.min()) == float(x.min()) < -0.5


def test_is_not_linear_but_composes_and_has_a_derivative() -> None:
    A = Saturate((2, 2), 0.3) @ Lanczos((4, 4), 2)
    assert not isinstance(A, LinearOperator)
    assert repr(A) == "Saturate((2, 2), level=0.3) @ Lanczos((4, 4), factor=2, a=3)"
    assert torch.autograd.gradcheck(A, randn(4, 4).requires_grad_())
    x = torch.tensor([0.2, 0.5]).requires_grad_()
    Saturate((2,), 0.3)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 0]


@pytest.mark.parametrize("level", [float("nan"), float("inf")])
def test_bad_levels_are_named(level: float) -> None:
    with pytest.raises(InvpriorError, match="level must be a finite number"):
        Saturate((2,), level)


def test_complex_pictures_are_refused() -> None:
    with pytest.raises(InvpriorError, match="takes a real tensor"):
        Saturate((2,))(torch.zeros(2, dtype=torch.complex64))
