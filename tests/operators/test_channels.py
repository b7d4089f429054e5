"""Channels mixed by a matrix, and the TV that counts colours more than brightness."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError, Problem, solve
from invprior.noise import Gaussian
from invprior.operators import Channels, Identity
from invprior.priors import TV
from invprior.shapes import Window
from invprior.stop import MaxIterations
from tests.helpers import adjoint_error, photograph, randn


@given(st.integers(1, 4), st.integers(1, 4))
def test_every_pixel_is_mixed_by_the_matrix(C: int, K: int) -> None:
    matrix, x = randn(K, C), randn(2, C, 3, 5)
    A = Channels((C, 3, 5), matrix)
    assert torch.allclose(A(x), (x.movedim(1, -1) @ matrix.T).movedim(-1, 1))
    assert adjoint_error(A) < 10
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)))
    window = Window(1, 3, 0, 4)
    part, measured = A.on_window(window)  # type: ignore[misc]
    assert torch.allclose(part(window.of(x)), measured.of(A(x)))


@pytest.mark.parametrize(
    ("shape", "matrix"),
    [
        ((3, 4, 4), torch.ones(2, 2)),
        ((3, 4), torch.ones(1, 3)),
        ((2, 4, 4), torch.ones(2)),
        ((1, 2, 2), torch.ones(1, 1).long()),
    ],
)
def test_a_matrix_that_does_not_fit(shape: tuple[int, ...], matrix: torch.Tensor) -> None:
    with pytest.raises(InvpriorError, match="mixed by a real matrix"):
        Channels(shape, matrix)
    with pytest.raises(InvpriorError, match="NaN"):
        Channels((1, 2, 2), torch.full((1, 1), torch.nan))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64])
def test_images_of_every_precision_are_mixed_and_restored(dtype: torch.dtype) -> None:
    y = torch.ones(3, 8, 8, dtype=dtype)
    assert Channels(y.shape, torch.ones(1, 3))(y).dtype == dtype
    problem = Problem(Identity(y.shape), y, noise=Gaussian(0.1), prior=3.0 * TV(chroma=3.0))
    assert solve(problem, stop=MaxIterations(3)).x.dtype == dtype


def value(prior: TV, x: torch.Tensor) -> float:
    (term,) = prior.terms(tuple(x.shape))
    return float(term.functional(term.operator(x)))


def test_chroma_counts_colours_and_leaves_grays() -> None:
    x = photograph(size=24).float()
    gray = x.mean(0, keepdim=True).expand(3, -1, -1).contiguous()
    assert value(TV(chroma=5.0), gray) == pytest.approx(value(TV(), gray), rel=1e-5)
    # opponent colours are orthonormal: counting them all alike is the TV of coupled channels
    assert value(TV(chroma=1.0000001), x) == pytest.approx(value(TV(), x), rel=1e-5)
    assert value(TV(chroma=5.0), x) > 1.2 * value(TV(), x)


@pytest.mark.parametrize(("chroma", "shape"), [(0.0, (3, 4, 4)), (-1.0, (3, 4, 4)), (3.0, (1, 4, 4)), (3.0, (4, 4))])
def test_a_chroma_that_makes_no_sense(chroma: float, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="chroma of TV"):
        TV(chroma=chroma).terms(shape)
