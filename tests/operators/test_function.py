"""Operators from functions."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError
from invprior.operators import from_function
from tests.helpers import randn


def test_three_lines_make_an_operator() -> None:
    A = from_function(lambda x: x[..., ::2].flip(-2), (2, 3, 5))
    assert A.out_shape == (2, 3, 3)
    assert torch.equal(A(randn(4, 2, 3, 5)), randn(4, 2, 3, 5)[..., ::2].flip(-2))
    assert torch.allclose(A.H.to_dense(), A.to_dense().T)


def test_a_real_function_with_complex_values() -> None:
    A = from_function(torch.fft.fft, (6,))
    y = torch.complex(randn(6), randn(6, seed=1))
    assert torch.allclose(A.H(y), (A.to_dense().conj().T @ y).real)
    with pytest.raises(InvpriorError, match="takes a real tensor"):
        A(y)


def _needs_three_axes(x: torch.Tensor) -> torch.Tensor:
    return x.permute(2, 0, 1)


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(InvpriorError, match=r"_needs_three_axes cannot be applied to an image of shape \(4, 5\)"):
        from_function(_needs_three_axes, (4, 5))
    with pytest.raises(InvpriorError, match="must return a tensor, it gave tuple"):
        from_function(lambda x: (x, x), (4, 5))  # type: ignore[arg-type,return-value]
