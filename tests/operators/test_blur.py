"""Against SciPy's convolutions, against the dense matrix, spatial against FFT."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, signal

from invprior import InvpriorError
from invprior.operators import Blur
from invprior.operators.pad import Boundary
from tests.helpers import adjoint_error, photograph, randn

NUMPY = {"reflect": "symmetric", "replicate": "edge", "zero": "constant", "periodic": "wrap"}
SCIPY = {"reflect": "reflect", "replicate": "nearest", "zero": "constant", "periodic": "wrap"}
boundaries = st.sampled_from(["reflect", "replicate", "zero", "periodic"])
sides = st.integers(1, 12)


@given(sides, sides, sides, sides, boundaries)
def test_is_a_valid_convolution_of_the_extended_picture(H: int, W: int, kh: int, kw: int, boundary: Boundary) -> None:
    x, psf = randn(2, H, W), randn(kh, kw, seed=1)
    top, left = (kh - 1) // 2, (kw - 1) // 2
    margins = [(0, 0), (kh - 1 - top, top), (kw - 1 - left, left)]
    wide = np.pad(x.numpy(), margins, mode=NUMPY[boundary])  # type: ignore[call-overload]
    expected = np.stack([signal.convolve2d(plane, psf.numpy(), mode="valid") for plane in wide])
    assert np.abs(Blur((2, H, W), psf, boundary)(x).numpy() - expected).max() < 1e-12


@pytest.mark.parametrize("boundary", SCIPY)
@pytest.mark.parametrize("size", [(3, 5), (13, 9), (1, 7)])
def test_agrees_with_ndimage_on_a_photograph(boundary: Boundary, size: tuple[int, int]) -> None:
    x, psf = photograph(size=41), randn(*size).abs()
    expected = [ndimage.convolve(plane, psf.numpy(), mode=SCIPY[boundary]) for plane in x.numpy()]
    assert np.abs(Blur(x.shape, psf, boundary)(x).numpy() - np.stack(expected)).max() < 1e-11


@pytest.mark.parametrize("size", [(3, 3), (4, 2), (9, 9), (8, 10)])
def test_a_bright_pixel_becomes_the_psf_with_its_stated_centre(size: tuple[int, int]) -> None:
    x = torch.zeros(31, 33, dtype=torch.float64)
    x[15, 16] = 1
    psf = randn(*size)
    top, left = 15 - (size[0] - 1) // 2, 16 - (size[1] - 1) // 2
    out = Blur((31, 33), psf)(x)[top : top + size[0], left : left + size[1]]
    assert torch.allclose(out, psf, atol=1e-13)


@given(sides, sides, sides, sides, boundaries)
def test_adjoint(H: int, W: int, kh: int, kw: int, boundary: Boundary) -> None:
    A = Blur((2, H, W), randn(kh, kw), boundary)
    assert adjoint_error(A) < 10
    assert adjoint_error(A.to(torch.float32), dtype=torch.float32) < 10


@pytest.mark.parametrize("boundary", SCIPY)
@pytest.mark.parametrize("size", [(2, 3), (9, 8)])
def test_adjoint_is_the_transpose(boundary: Boundary, size: tuple[int, int]) -> None:
    A = Blur((5, 4), randn(*size), boundary)
    assert torch.allclose(A.H.to_dense(), A.to_dense().T, atol=1e-13)


@given(sides, sides, boundaries)
def test_both_ways_give_the_same(H: int, W: int, boundary: Boundary) -> None:
    small = randn(5, 6)
    large = torch.zeros(11, 12, dtype=torch.float64)  # the same PSF with zeros around it, centre on centre
    large[3:8, 3:9] = small
    spatial, fft = Blur((H, W), small, boundary), Blur((H, W), large, boundary)
    assert spatial.spatial
    assert not fft.spatial
    x = randn(H, W, seed=1)
    assert torch.allclose(spatial(x), fft(x), atol=1e-12)
    assert torch.allclose(spatial.H(x), fft.H(x), atol=1e-12)


@pytest.mark.parametrize("size", [(3, 4), (11, 12)])
def test_periodic_norm_is_exact(size: tuple[int, int]) -> None:
    A = Blur((6, 5), randn(*size), "periodic")
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)


def test_norm_of_the_other_boundaries_by_iteration() -> None:
    A = Blur((6, 5), randn(3, 3).abs(), "replicate")
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=2e-3)


@pytest.mark.parametrize("size", [(3, 2), (9, 9)])
def test_derivatives_batches_and_complex_pictures(size: tuple[int, int]) -> None:
    A = Blur((2, 4, 5), randn(*size))
    assert torch.autograd.gradcheck(A, randn(2, 4, 5).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(2, 4, 5).requires_grad_())
    x = randn(3, 2, 2, 4, 5)
    for B in (A, A.H):
        assert torch.allclose(B(x)[2, 1], B(x[2, 1]), atol=1e-14)
        assert torch.equal(B(torch.complex(x, 2 * x)), torch.complex(B(x), B(2 * x)))


def test_a_constant_stays_under_a_normalised_psf() -> None:
    psf = torch.rand(4, 7, dtype=torch.float64)
    ones = torch.ones(5, 6, dtype=torch.float64)
    assert torch.allclose(Blur((5, 6), psf / psf.sum())(ones), ones)
    assert torch.allclose(Blur((5, 6), psf)(ones), psf.sum() * ones)


@pytest.mark.parametrize(
    ("shape", "psf", "boundary", "message"),
    [
        ((8,), torch.ones(3, 3), "zero", r"Blur needs an image of shape \(\.\.\., H, W\)"),
        ((8, 8), torch.ones(1, 3, 3), "zero", r"a PSF is a real floating tensor .* got torch.float32 of shape \(1, 3"),
        ((8, 8), torch.ones(3, 3, dtype=torch.int64), "zero", "got torch.int64"),
        ((8, 8), torch.ones(3, 3, dtype=torch.complex64), "zero", "got torch.complex64"),
        ((8, 8), torch.ones(0, 3), "zero", r"of shape \(0, 3\)"),
        ((8, 8), torch.ones(3, 3), "mirror", "boundary takes one of .* got 'mirror'"),
    ],
)
def test_bad_settings_are_named(shape: tuple[int, ...], psf: torch.Tensor, boundary: Boundary, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Blur(shape, psf, boundary)
