"""Against Pillow, against ramps, against the dense matrix."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from invprior import InvpriorError
from invprior.operators import Lanczos
from invprior.operators.lanczos import Boundary, lanczos_matrix
from tests.helpers import adjoint_error, photograph, randn


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 2, 3, 4, 5, 8]))
def test_agrees_with_pillow(H: int, W: int, factor: int) -> None:
    factor = min(factor, H, W)
    x = randn(H, W).float()
    ours = Lanczos((H, W), factor)(x)
    pillow = Image.fromarray(x.numpy()).resize((W // factor, H // factor), Image.Resampling.LANCZOS)
    assert np.abs(ours.numpy() - np.asarray(pillow)).max() < 2e-6  # of values up to 4


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_agrees_with_pillow_on_a_photograph(factor: int) -> None:
    x = photograph(size=101)[0].float()
    ours = Lanczos((101, 101), factor)(x)
    pillow = Image.fromarray(x.numpy()).resize((ours.shape[1], ours.shape[0]), Image.Resampling.LANCZOS)
    assert np.abs(ours.numpy() - np.asarray(pillow)).max() < 1e-6


@given(st.integers(2, 8), st.sampled_from([2, 3]))
def test_a_ramp_lands_on_the_pixel_centres(factor: int, a: int) -> None:
    n = factor * (2 * a + 5)
    ramp = torch.arange(n, dtype=torch.float64).expand(n, n)
    small = Lanczos((n, n), factor, a=a)(ramp)  # type: ignore[arg-type]
    k = torch.arange(n // factor, dtype=torch.float64)
    inside = slice(a, n // factor - a)  # where the window is whole
    assert torch.allclose(small[0, inside], (factor * k + (factor - 1) / 2)[inside], atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.sampled_from([2, 3]))
def test_adjoint(H: int, W: int, factor: int, a: int) -> None:
    A = Lanczos((2, H, W), min(factor, H, W), a=a)  # type: ignore[arg-type]
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10


def test_many_blocks_make_one_matrix() -> None:
    A = Lanczos((300, 2), 2)  # 150 rows: five blocks
    M = A.to_dense()
    assert torch.allclose(A.H.to_dense(), M.T, atol=1e-15)
    assert torch.allclose(M.sum(1), torch.ones(150, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(12, 9), (40, 31), (5, 64)])
def test_norm_is_the_largest_singular_value(shape: tuple[int, int]) -> None:
    A = Lanczos(shape, 4)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")  # of torch's own vmap
def test_derivatives_of_every_order() -> None:
    A = Lanczos((6, 7), 2)
    x = randn(6, 7).requires_grad_()
    assert torch.autograd.gradcheck(A, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(lambda t: A(t).square().sum(), x)
    batched = torch.func.vmap(A.forward)(randn(3, 6, 7))
    assert torch.equal(batched, A(randn(3, 6, 7)))


def test_constants_stay_and_a_factor_of_one_changes_nothing() -> None:
    assert torch.allclose(Lanczos((9, 13), 3)(torch.ones(9, 13)), torch.ones(3, 4))
    x = randn(5, 6)
    assert torch.allclose(Lanczos((5, 6), 1)(x), x, atol=1e-15)


@pytest.mark.parametrize(
    ("shape", "factor", "a", "message"),
    [
        ((8, 8), 0, 3, "whole number from 1 to 8"),
        ((8, 8), 9, 3, "whole number from 1 to 8"),
        ((8, 8), 2.5, 3, "whole number from 1 to 8"),
        ((8, 8), 1.5, 3, r"or a fractions\.Fraction in that range such as Fraction\(3, 2\), got 1\.5"),
        ((8, 8), Fraction(1, 2), 3, "got Fraction"),
        ((8,), 2, 3, r"shape \(\.\.\., H, W\)"),
        ((8, 8), 2, 4, "2 or 3 lobes"),
    ],
)
def test_bad_settings_are_named(shape: tuple[int, ...], factor: int, a: int, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Lanczos(shape, factor, a=a)  # type: ignore[arg-type]


@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from(["3/2", "7/3", "5/4", "2"]))
def test_rational_factors_agree_with_pillow(H: int, W: int, ratio: str) -> None:
    factor = min(Fraction(ratio), Fraction(min(H, W)))
    x = randn(H, W).float()
    ours = Lanczos((H, W), factor)(x)
    assert tuple(ours.shape) == (int(H / factor), int(W / factor))
    pillow = Image.fromarray(x.numpy()).resize((ours.shape[1], ours.shape[0]), Image.Resampling.LANCZOS)
    assert np.abs(ours.numpy() - np.asarray(pillow)).max() < 2e-6  # of values up to 4


def test_a_ramp_lands_on_the_stated_phase_of_a_rational_factor() -> None:
    ramp = torch.arange(60, dtype=torch.float64).expand(60, 60)
    small = Lanczos((60, 60), Fraction(3, 2), boundary="reflect")(ramp)
    k = torch.arange(40, dtype=torch.float64)
    # the taps of a fractional phase are not symmetric; their first moment is off by less than this
    assert torch.allclose(small[20, 4:-4], (1.5 * k + 0.25)[4:-4], atol=0.02)


NUMPY = {"replicate": "edge", "reflect": "symmetric", "zero": "constant"}


@given(st.integers(1, 30), st.sampled_from([1, 2, 3, 5]), st.sampled_from([2, 3]), st.sampled_from(list(NUMPY)))
def test_boundaries_are_those_of_the_extended_picture(n: int, factor: int, a: Any, boundary: Boundary) -> None:
    factor = min(factor, n)
    m, s = n // factor, n / (n // factor)
    x = randn(n, 1)
    margin = int(a * s) + 2
    wide = np.pad(x[:, 0].numpy(), margin, mode=NUMPY[boundary])  # type: ignore[call-overload]
    t = (np.arange(-margin, n + margin) - ((np.arange(m)[:, None] + 0.5) * s - 0.5)) / s
    w = np.where(np.abs(t) < a, np.sinc(t) * np.sinc(t / a), 0)
    out = lanczos_matrix(n, m, a, boundary).apply(x, -2)
    assert np.abs(out[:, 0].numpy() - (w / w.sum(1, keepdims=True)) @ wide).max() < 1e-12


@pytest.mark.parametrize("boundary", NUMPY)
def test_both_axes_follow_the_boundary(boundary: Boundary) -> None:
    A, x = Lanczos((9, 14), 2, boundary=boundary), randn(9, 14)
    rows, cols = lanczos_matrix(9, 4, 3, boundary), lanczos_matrix(14, 7, 3, boundary)
    assert torch.allclose(A(x), cols.apply(rows.apply(x, -2), -1), atol=1e-15)
    assert float((A(x) - Lanczos((9, 14), 2)(x)).abs().max()) > 1e-3


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 999))
def test_every_setting_has_an_exact_adjoint_and_norm(H: int, W: int, seed: int) -> None:
    A = Lanczos.example((H, W), Random(seed))
    assert adjoint_error(A) < 10
    assert adjoint_error(A, dtype=torch.float32) < 10
    M = A.to_dense()
    assert torch.allclose(A.H.to_dense(), M.T, atol=1e-15)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(M, 2)), rel=1e-9)


def test_names_and_whole_fractions() -> None:
    A = Lanczos((6, 9), Fraction(3, 2), boundary="zero")
    assert repr(A) == "Lanczos((6, 9), factor=Fraction(3, 2), a=3, boundary='zero')"
    assert repr(Lanczos((6, 9), Fraction(2))) == "Lanczos((6, 9), factor=2, a=3)"
    with pytest.raises(InvpriorError, match="boundary takes one of renormalise, replicate, reflect, zero, got 'wrap'"):
        Lanczos((6, 9), 2, boundary="wrap")  # type: ignore[arg-type]


def test_the_norm_is_found_where_lapack_gives_up_on_one_eigenvalue() -> None:
    A = Lanczos((1, 1, 21), 1, boundary="reflect")
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)), rel=1e-12)
