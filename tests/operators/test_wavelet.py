"""The undecimated wavelet transform against PyWavelets, and as a Parseval frame for pictures of any size."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Wavelet
from tests.helpers import adjoint_error, randn


@pytest.mark.parametrize(("wavelet", "levels"), [("haar", 1), ("haar", 3), ("db2", 3), ("db3", 2), ("sym4", 2)])
def test_agrees_with_pywavelets(wavelet: str, levels: int) -> None:
    x = randn(3, 16, 24)
    approximation, *details = pywt.swt2(x.numpy(), wavelet, level=levels, norm=True, trim_approx=True, axes=(-2, -1))
    expected = np.stack([band for level in reversed(details) for band in level] + [approximation])
    assert np.allclose(Wavelet(x.shape, wavelet, levels)(x).numpy(), expected, rtol=0, atol=1e-14)


@st.composite
def transforms(draw: st.DrawFn, scaled: bool) -> Wavelet:
    wavelet, taps = draw(st.sampled_from([("haar", 2), ("db2", 4), ("coif1", 6)]))
    levels = draw(st.integers(1, 3))
    least = (taps - 1) * 2 ** (levels - 1) + 1
    sides = st.integers(least, least + 5)
    scales = [draw(st.sampled_from([0.25, 1.0, 3.0])) for _ in range(levels)] + [draw(st.sampled_from([0.0, 0.5]))]
    return Wavelet((draw(st.integers(1, 2)), draw(sides), draw(sides)), wavelet, levels, scales if scaled else None)


@given(transforms(scaled=False))
def test_it_is_a_parseval_frame_for_any_size(W: Wavelet) -> None:
    x = randn(*W.in_shape)
    assert W.out_shape == (3 * W.levels + 1, *W.in_shape)
    assert torch.allclose(W.H(W(x)), x, rtol=0, atol=1e-8)  # the filters of PyWavelets have ten digits
    assert float(W(x).norm()) == pytest.approx(float(x.norm()), rel=1e-8)
    assert W.norm() == pytest.approx(1.0, rel=1e-8)


@given(transforms(scaled=True))
def test_adjoint_and_norm_with_scales(W: Wavelet) -> None:
    assert adjoint_error(W) < 10
    assert adjoint_error(W, dtype=torch.float32) < 10
    image = Wavelet(W.in_shape[1:], W.wavelet, W.levels, W.scales)
    gram = image.gram.to_dense()
    exact = float(torch.linalg.eigvalsh((gram + gram.T) / 2)[-1]) ** 0.5
    assert W.norm() == pytest.approx(exact, rel=1e-9)


def test_scales_multiply_the_levels_and_zero_leaves_the_approximation_out() -> None:
    x = randn(2, 9, 11)
    plain, scaled = Wavelet(x.shape, "db2", 2)(x), Wavelet(x.shape, "db2", 2, (3.0, 0.5, 2.0))(x)
    factors = torch.tensor([3.0] * 3 + [0.5] * 3 + [2.0], dtype=torch.float64)
    assert torch.allclose(scaled, factors[:, None, None, None] * plain, rtol=0, atol=1e-15)
    details = Wavelet(x.shape, "db2", 2, (1.0, 1.0, 0.0))
    assert torch.equal(details(x), plain[:-1])
    assert details.norm() <= 1


def test_a_constant_is_all_approximation_and_a_shift_shifts() -> None:
    W = Wavelet((7, 10), "db3", 1)
    out = W(torch.full((7, 10), 0.3, dtype=torch.float64))
    assert torch.allclose(out[:-1], torch.zeros(3, 7, 10, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(out[-1], torch.full((7, 10), 0.3, dtype=torch.float64), atol=1e-9)
    x = randn(7, 10)
    assert torch.allclose(W(x.roll((2, 3), (0, 1))), W(x).roll((2, 3), (1, 2)), rtol=0, atol=1e-15)


def test_derivatives_and_batches() -> None:
    W = Wavelet((4, 5), "haar", 2, (1.0, 0.5, 0.0))
    assert torch.autograd.gradcheck(W, randn(4, 5).requires_grad_())
    assert torch.autograd.gradcheck(W.H, randn(6, 4, 5).requires_grad_())
    x = randn(3, 2, 4, 5)
    assert torch.equal(W(x)[2, 1], W(x[2, 1]))


@pytest.mark.parametrize(
    ("wavelet", "levels", "size", "says"),
    [
        ("haar", 4, (8, 40), "4 levels of haar in a picture of 8×40: 1 to 3 levels fit"),
        ("haar", 0, (8, 8), "0 levels of haar in a picture of 8×8: 1 to 3 levels fit"),
        ("db2", 1, (3, 8), "1 levels of db2 in a picture of 3×8: no level fits"),
    ],
)
def test_too_many_levels_say_how_many_fit(wavelet: str, levels: int, size: tuple[int, int], says: str) -> None:
    with pytest.raises(InvpriorError) as error:
        Wavelet(size, wavelet, levels)
    assert str(error.value) == says


@pytest.mark.parametrize("name", ["bior2.2", "dmey"])
def test_what_is_not_orthonormal_is_refused(name: str) -> None:
    with pytest.raises(InvpriorError, match="is not orthonormal; take haar"):
        Wavelet((64, 64), name, 1)


@pytest.mark.parametrize("name", ["daubechies", "mexh", ""])
def test_an_unknown_wavelet_is_named(name: str) -> None:
    with pytest.raises(InvpriorError, match=f"no discrete wavelet '{name}' in PyWavelets"):
        Wavelet((64, 64), name, 1)


def test_scales_are_as_many_as_levels_and_one() -> None:
    with pytest.raises(InvpriorError, match="2 levels need 3 scales, the last for the approximation, got 2"):
        Wavelet((8, 8), "haar", 2, (1.0, 1.0))
