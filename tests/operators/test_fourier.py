"""Against numpy.fft."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Fourier
from tests.helpers import randn

sides = st.integers(1, 9)


def crandn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.complex(randn(*shape, seed=seed), randn(*shape, seed=seed + 100))


@given(sides, sides, st.sampled_from([torch.float32, torch.float64]))
def test_agrees_with_numpy(H: int, W: int, dtype: torch.dtype) -> None:
    x = randn(2, H, W, dtype=dtype)
    out = Fourier((2, H, W))(x)
    assert out.dtype == (torch.complex64 if dtype == torch.float32 else torch.complex128)
    expected = np.fft.fft2(x.double().numpy()) / np.sqrt(H * W)
    assert np.abs(out.numpy() - expected).max() < 50 * torch.finfo(dtype).eps
    assert torch.allclose(Fourier((2, H, W), "complex")(x + 0j), out)


@given(sides, sides)
def test_adjoints(H: int, W: int) -> None:
    x, y = randn(H, W), crandn(H, W, seed=1)
    A = Fourier((H, W))
    assert A.H(y).dtype == torch.float64
    assert float((A(x) * y.conj()).real.sum()) == pytest.approx(float((x * A.H(y)).sum()), rel=1e-12, abs=1e-12)
    z, B = crandn(H, W, seed=2), Fourier((H, W), "complex")
    assert complex((B(z) * y.conj()).sum()) == pytest.approx(complex((z * B.H(y).conj()).sum()), rel=1e-12, abs=1e-12)
    assert torch.allclose(A.gram(x), x)
    assert torch.allclose((B @ B.H)(z), z)


def test_matrices_and_norms() -> None:
    A, B = Fourier((3, 4)), Fourier((3, 4), "complex")
    M, N = A.to_dense(), B.to_dense(torch.complex128)
    assert torch.allclose(M, N)
    assert torch.allclose(B.H.to_dense(torch.complex128), N.conj().T)
    assert torch.allclose(A.H.to_dense(torch.complex128), M.real.T)
    for matrix, norm in ((M, A.norm()), (N, B.norm())):
        assert norm == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-12)


def test_derivatives_and_batches() -> None:
    A, B = Fourier((3, 4)), Fourier((3, 4), "complex")
    assert torch.autograd.gradcheck(A, randn(3, 4).requires_grad_())
    assert torch.autograd.gradcheck(A.H, crandn(3, 4).requires_grad_())
    assert torch.autograd.gradcheck(B, crandn(3, 4).requires_grad_())
    x = randn(2, 3, 3, 4)
    assert torch.allclose(A(x)[1, 2], A(x[1, 2]))
    assert torch.allclose(A.H(A(x))[1, 2], x[1, 2])


@pytest.mark.parametrize(
    ("shape", "domain", "message"), [((4,), "real", "Fourier needs an image"), ((4, 4), "half", "real or complex, got")]
)
def test_bad_settings_are_named(shape: tuple[int, ...], domain: Any, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Fourier(shape, domain)


def test_the_wrong_kind_is_refused() -> None:
    with pytest.raises(InvpriorError, match="takes a real tensor"):
        Fourier((2, 2))(crandn(2, 2))
    with pytest.raises(InvpriorError, match="takes a complex tensor"):
        Fourier((2, 2)).H(randn(2, 2))
