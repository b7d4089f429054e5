"""Against SciPy's interpolation, Keys' kernel written out, ramps and the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from invprior import InvpriorError
from invprior.operators import Warp
from invprior.operators.warp import Interpolation
from tests.helpers import adjoint_error, photograph, randn

sides = st.integers(1, 9)
kinds = st.sampled_from(["bilinear", "bicubic"])


@given(sides, sides, st.sampled_from([0.3, 2.0, 50.0]), st.integers(0, 99))
def test_bilinear_agrees_with_scipy(H: int, W: int, far: float, seed: int) -> None:
    x, flow = randn(H, W, seed=seed), far * randn(2, H, W, seed=seed + 1)
    expected = ndimage.map_coordinates(x.numpy(), np.indices((H, W)) + flow.numpy(), order=1, mode="nearest")
    assert np.abs(Warp((H, W), flow)(x).numpy() - expected).max() < 1e-12


def keys(t: float) -> float:
    """The kernel of Keys 1981, eq. 15."""
    t = abs(t)
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


@given(sides, sides, st.sampled_from([0.3, 4.0]), st.integers(0, 99))
def test_bicubic_is_a_sum_over_keys_kernel(H: int, W: int, far: float, seed: int) -> None:
    x, flow = randn(H, W, seed=seed), far * randn(2, H, W, seed=seed + 1)
    out = Warp((H, W), flow, "bicubic")(x)
    wide = np.pad(x.numpy(), 2, mode="edge")
    i, j = H - 1, W // 2
    r, c = np.clip(i + float(flow[0, i, j]), 0, H - 1), np.clip(j + float(flow[1, i, j]), 0, W - 1)
    rows, cols = np.array([keys(r - k) for k in range(-2, H + 2)]), np.array([keys(c - k) for k in range(-2, W + 2)])
    assert float(out[i, j]) == pytest.approx(float(rows @ wide @ cols), abs=1e-12)


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_a_ramp_moves_by_the_flow(kind: Interpolation) -> None:
    rows, cols = torch.meshgrid(*[torch.arange(12, dtype=torch.float64)] * 2, indexing="ij")
    flow = torch.rand(2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    out = Warp((12, 12), flow, kind)(2 * rows - 3 * cols)
    expected = 2 * (rows + flow[0]) - 3 * (cols + flow[1])
    assert torch.allclose(out[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-12)


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_whole_pixels_shift_rows_and_columns(kind: Interpolation) -> None:
    x = photograph(size=16)
    flow = torch.zeros(2, 16, 16, dtype=torch.float64)
    assert torch.equal(Warp(x.shape, flow, kind)(x), x)
    flow[0], flow[1] = 3, -2
    out = Warp(x.shape, flow, kind)(x)
    assert torch.equal(out[:, :13, 2:], x[:, 3:, :14])
    assert torch.equal(out[:, 13:, 2:], x[:, 15:, :14].expand(3, 3, 14))  # the last row goes on


@given(sides, sides, kinds, st.sampled_from([0.5, 3.0]))
def test_adjoint(H: int, W: int, kind: Interpolation, far: float) -> None:
    A = Warp((2, H, W), far * randn(2, H, W), kind)
    assert adjoint_error(A) < 10
    assert adjoint_error(A.to(torch.float32), dtype=torch.float32) < 10


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_the_matrix_its_transpose_and_its_norm(kind: Interpolation) -> None:
    A = Warp((5, 4), randn(2, 5, 4), kind)
    M = A.to_dense()
    assert torch.allclose(M.sum(1), torch.ones(20, dtype=torch.float64))
    assert torch.allclose(A.H.to_dense(), M.T, atol=1e-15)
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(M, 2)), rel=5e-3)


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_derivatives_batches_and_repeats(kind: Interpolation) -> None:
    A = Warp((2, 4, 3), randn(2, 4, 3), kind)
    assert torch.autograd.gradcheck(A, randn(2, 4, 3).requires_grad_())
    assert torch.autograd.gradcheck(A.H, randn(2, 4, 3).requires_grad_())
    x = randn(3, 2, 2, 4, 3)
    for B in (A, A.H):
        assert torch.equal(B(x)[2, 1], B(x[2, 1]))
        assert torch.equal(B(x), B(x))
        assert torch.allclose(B(torch.complex(x, 2 * x)), torch.complex(B(x), 2 * B(x)))


@pytest.mark.parametrize(
    ("flow", "kind", "message"),
    [
        (torch.zeros(2, 4, 6), "bilinear", r"shape \(2, 4, 5\), got torch.float32 of shape \(2, 4, 6\)"),
        (torch.zeros(4, 5, 2), "bilinear", r"shape \(2, 4, 5\)"),
        (torch.zeros(2, 4, 5, dtype=torch.int64), "bilinear", "got torch.int64"),
        (torch.full((2, 4, 5), float("nan")), "bilinear", "NaN or infinite"),
        (torch.zeros(2, 4, 5), "nearest", "bilinear or bicubic, got 'nearest'"),
    ],
)
def test_bad_settings_are_named(flow: torch.Tensor, kind: Interpolation, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Warp((3, 4, 5), flow, kind)
