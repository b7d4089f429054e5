"""The Fourier transform at frequencies off the grid."""

from __future__ import annotations

import math

import pytest
import torch

from invprior import InvpriorError
from invprior.operators import Fourier, NonuniformFourier
from tests.helpers import randn


@pytest.mark.parametrize("shape", [(2, 8, 6), (5, 7), (3, 1, 4)])
def test_on_the_grid_it_is_the_fft(shape: tuple[int, ...]) -> None:
    H, W = shape[-2:]
    grid = torch.cartesian_prod(torch.fft.fftfreq(H, dtype=torch.float64), torch.fft.fftfreq(W, dtype=torch.float64))
    x = torch.complex(randn(*shape), randn(*shape, seed=1))
    A = NonuniformFourier(shape, grid)
    centred = torch.roll(x, (-(H // 2), -(W // 2)), (-2, -1))  # the middle is at 0
    expected = Fourier(shape, "complex")(centred).flatten(-2)
    assert float((A(x) - expected).abs().max()) < 1e-12
    assert A.norm() == pytest.approx(1.0, rel=1e-3)


def test_against_the_sum() -> None:
    k = torch.tensor([[0.123, -0.4], [0.5, 0.0], [-0.01, 0.31]], dtype=torch.float64)
    x = randn(4, 5)
    y = NonuniformFourier((4, 5), k, "real")(x)
    for m, (u, v) in enumerate(k.tolist()):
        total = sum(
            float(x[i, j]) * torch.exp(torch.tensor(-2j * math.pi * (u * (i - 2) + v * (j - 2))))
            for i in range(4)
            for j in range(5)
        )
        assert abs(complex(y[m]) - complex(total) / math.sqrt(20)) < 1e-6


def test_spokes_pass_through_the_middle() -> None:
    A = NonuniformFourier.radial((1, 16, 16), 5, 32)
    flat = A(torch.ones(1, 16, 16, dtype=torch.complex64)).reshape(5, 32)
    assert torch.allclose(flat[:, 16], torch.full((5,), 16.0, dtype=torch.complex64))
    assert A.out_shape == (1, 160)


@pytest.mark.parametrize(
    ("frequencies", "says"),
    [
        (torch.zeros(3), r"a floating tensor \(M, 2\), got torch.float32 of shape \(3,\)"),
        (torch.ones(3, 2), "in cycles per pixel, from -0.5 to 0.5; divide angles"),
        (torch.zeros(0, 2), r"a floating tensor \(M, 2\)"),
    ],
)
def test_refusals(frequencies: torch.Tensor, says: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        NonuniformFourier((8, 8), frequencies)
    with pytest.raises(InvpriorError, match="1 spoke and 1 sample or more"):
        NonuniformFourier.radial((8, 8), 0, 8)
