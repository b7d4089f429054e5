"""Several measurements in one vector."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError, LinearOperator
from invprior.operators import Crop, Diagonal, FiniteDifference, Fourier, Identity, Lanczos, Mask, Stack
from tests.helpers import adjoint_error, randn


def three(H: int, W: int) -> list[LinearOperator]:
    return [Mask((2, H, W), randn(H, W) > 0), FiniteDifference((2, H, W)), Crop((2, H, W), 0, 0, 1, W)]


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_is_the_parts_one_after_the_other(H: int, W: int, count: int) -> None:
    parts = three(H, W)[:count]
    A = Stack(*parts)
    x = randn(2, H, W)
    assert torch.equal(A(x), torch.cat([B(x).flatten() for B in parts]))
    assert torch.equal(A.to_dense(), torch.cat([B.to_dense() for B in parts]))
    assert torch.equal(A.H.to_dense(), A.to_dense().T)
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10


def test_split_and_join() -> None:
    parts = three(4, 5)
    A = Stack(*parts)
    y = A(randn(6, 7, 2, 4, 5))
    split = A.split(y)
    assert [tuple(p.shape) for p in split] == [(6, 7, *B.out_shape) for B in parts]
    assert torch.equal(split[1], parts[1](randn(6, 7, 2, 4, 5)))
    assert torch.equal(A.join(split), y)
    with pytest.raises(InvpriorError, match="3 operators has as many parts, got 2"):
        A.join(split[:2])


def test_batches_derivatives_and_norm() -> None:
    A = Stack(*three(3, 4))
    assert torch.autograd.gradcheck(A, randn(2, 3, 4).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(*A.out_shape).requires_grad_())
    for B in (A, A.H):
        x = randn(3, 2, *B.in_shape)
        assert torch.equal(B(x)[2, 1], B(x[2, 1]))
    B = Stack(2 * Identity((3,)), Diagonal((3,), torch.tensor([1.0, 0, 2]).double()))
    assert B.norm() == pytest.approx(8**0.5, rel=2e-3)


def test_what_keeps_the_kind_of_its_input_goes_with_the_others() -> None:
    spectrum = Fourier((2, 3), "complex")
    A = Stack(Identity((2, 3)), spectrum)
    assert (A.in_complex, A.out_complex) == (True, True)
    x = torch.complex(randn(2, 3), randn(2, 3, seed=1))
    assert torch.equal(A(x), torch.cat([x.flatten(), spectrum(x).flatten()]))
    assert (Stack(Identity((3,))).in_complex, Stack(Identity((3,))).out_complex) == (None, None)


def test_parts_are_moved_and_named() -> None:
    A = Stack(Mask((3,), torch.ones(3)), Identity((3,)))
    assert next(iter(A.to(torch.float64).buffers())).dtype == torch.float64
    assert repr(A) == "Stack(Mask((3,), known=100%), Identity((3,)))"
    assert Stack.example((1, 1, 1), Random(0)).in_shape == (1, 1, 1)


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ((), "at least one operator"),
        ((Identity((2, 3)), Identity((3, 2))), r"one takes \(2, 3\), the other \(3, 2\)"),
        ((Identity((2, 3)), 3), "takes operators, got 3"),
        ((Identity((2, 3)), Fourier((2, 3))), "some are real where others are complex"),
        ((Fourier((2, 3), "complex"), Fourier((2, 3))), "some are real where others are complex"),
        (([Lanczos((4, 4), 2), Identity((4, 4))],), "takes operators, got"),
    ],
)
def test_bad_stacks_are_named(operators: Any, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Stack(*operators)
