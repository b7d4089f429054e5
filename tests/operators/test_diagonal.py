"""Real and complex diagonals."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Diagonal
from tests.helpers import adjoint_error, randn


def crandn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.complex(randn(*shape, seed=seed), randn(*shape, seed=seed + 100))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.data())
def test_real(shape: list[int], data: st.DataObject) -> None:
    d = randn(*(data.draw(st.sampled_from([1, n])) for n in shape[data.draw(st.integers(0, len(shape) - 1)) :]))
    A = Diagonal(shape, d)
    x = randn(2, *shape, seed=1)
    assert torch.equal(A(x), d * x)
    assert A.H is A
    assert adjoint_error(A) < 10
    assert adjoint_error(A.to(torch.float32), dtype=torch.float32) < 10
    A = Diagonal(shape, d)
    assert torch.equal(A.to_dense(), torch.diag(d.expand(shape).flatten()))
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)
    assert torch.equal(A.diagonal(), d)


def test_complex() -> None:
    d = crandn(4, 5)
    A = Diagonal((3, 4, 5), d)
    x, y = crandn(3, 4, 5, seed=1), crandn(3, 4, 5, seed=2)
    assert torch.equal(A(x), d * x)
    assert torch.equal(A.H(y), d.conj() * y)
    assert complex((A(x) * y.conj()).sum()) == pytest.approx(complex((x * A.H(y).conj()).sum()))
    assert A.norm() == pytest.approx(float(d.abs().max()), rel=1e-15)
    assert torch.equal(A.diagonal(), d)
    assert A.H.H is A
    with pytest.raises(InvpriorError, match="takes a complex tensor"):
        A(x.real)


def test_a_complex_diagonal_keeps_its_phase_through_a_change_of_dtype() -> None:
    d = crandn(4).to(torch.complex64)
    A = Diagonal((4,), d)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        A.to(torch.float64)
    assert A(crandn(4)).dtype == torch.complex128
    assert torch.equal(A.d, d.to(torch.complex128))
    assert A.to(torch.float32).d.dtype == torch.complex64


def test_derivatives() -> None:
    assert torch.autograd.gradcheck(Diagonal((3, 2), randn(3, 2)), randn(3, 2).requires_grad_())
    A = Diagonal((3, 2), crandn(2))
    assert torch.autograd.gradcheck(A, crandn(3, 2).requires_grad_())
    assert torch.autograd.gradcheck(A.H, crandn(3, 2).requires_grad_())


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (4, 1, 1)])
def test_a_diagonal_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match=r"does not fit an image of shape \(3, 4\)"):
        Diagonal((3, 4), torch.ones(shape))


def test_integers_are_refused() -> None:
    with pytest.raises(InvpriorError, match=r"got torch\.bool; Mask takes booleans"):
        Diagonal((3,), torch.ones(3, dtype=torch.bool))
