"""Proximal maps and conjugates, against brute force and Moreau."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import Functional, InvpriorError
from invprior.functionals import L1, L21, Interval, Quadratic
from tests.helpers import randn

WEIGHTS = randn(2, 3, 4, seed=9).abs()
FUNCTIONALS: list[Functional] = [
    L1(),
    L21((-3,)),
    L21((-3, -2)),
    0.3 * L21((-3,)),
    2.5 * (2 * L1()),
    Quadratic(WEIGHTS, randn(2, 3, 4, seed=8)),
    0.5 * Quadratic(2.0, 1.0),
    2 * Interval(randn(2, 3, 4, seed=9), 0.3, 0.7, 5.0),
    Interval(randn(2, 3, 4, seed=9), WEIGHTS + 0.1, WEIGHTS + 0.2, WEIGHTS + 3),
    0 * L1(),
]
ids = [f"{i}-{type(f).__name__}" for i, f in enumerate(FUNCTIONALS)]


def candidates(u: Tensor, v: Tensor) -> list[Tensor]:
    """Where a wrong threshold hides: 0, the input, sparse points, points near v."""
    sparse = torch.where(v.abs() > v.abs().median(), v, 0)
    near = [v + 0.1**k * randn(*u.shape, seed=k) for k in range(1, 5)]
    return [torch.zeros_like(u), u, sparse, 0.9 * v, 1.1 * v, v + 0.05 * (u - v), *near]


@pytest.mark.parametrize("f", FUNCTIONALS, ids=ids)
@given(seed=st.integers(0, 10**6), size=st.floats(-3, 3), log_step=st.floats(-3, 3))
def test_prox_is_the_global_minimiser(f: Functional, seed: int, size: float, log_step: float) -> None:
    u, step = 10**size * randn(2, 3, 4, seed=seed), 10**log_step

    def objective(v: Tensor) -> float:
        return float(f(v) + (v - u).square().sum() / (2 * step))

    v = f.prox(u, step)
    best = objective(v)
    assert all(best <= objective(w) + 1e-9 * (1 + abs(best)) for w in candidates(u, v))


@pytest.mark.parametrize("f", FUNCTIONALS, ids=ids)
@given(seed=st.integers(0, 10**6), log_step=st.floats(-2, 2))
def test_moreau_and_fenchel(f: Functional, seed: int, log_step: float) -> None:
    u, step = randn(2, 3, 4, seed=seed), 10**log_step
    dual = f.conj_prox(u, step)
    assert torch.allclose(dual, u - step * f.prox(u / step, 1 / step), atol=1e-9)
    primal = f.prox(u / step, 1 / step)
    # Fenchel's inequality is tight at the pair that Moreau makes
    assert float(f(primal) + f.conj(dual) - (primal * dual).sum()) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("f", FUNCTIONALS, ids=ids)
def test_prox_is_firmly_nonexpansive(f: Functional) -> None:
    u, w = randn(2, 3, 4), randn(2, 3, 4, seed=1)
    p, q = f.prox(u, 0.7), f.prox(w, 0.7)
    assert float((p - q).square().sum()) <= float(((p - q) * (u - w)).sum()) + 1e-12


@pytest.mark.parametrize("f", FUNCTIONALS, ids=ids)
def test_lipschitz_bound_is_what_dual_variables_obey(f: Functional) -> None:
    if f.lipschitz is None:
        return
    dual = f.conj_prox(100 * randn(2, 3, 4), 1.0)
    assert float(f.conj(dual)) == 0
    assert math.isinf(float(f.conj(1.5 * dual))) or f.lipschitz == 0


def test_quadratic_gradient_and_bounded_conjugate() -> None:
    f = Quadratic(torch.tensor([2.0, 0.0, 1.0]).double(), torch.tensor([1.0, 5.0, -1.0]).double())
    u = torch.tensor([0.5, -2.0, 3.0]).double()
    x = randn(3).requires_grad_()
    (grad,) = torch.autograd.grad(f(x), x)
    assert torch.allclose(grad, f.gradient(x))
    assert math.isinf(float(f.conj(u)))
    low, high = torch.tensor(-10.0).double(), torch.tensor(20.0).double()
    grid = torch.linspace(-10, 20, 300_001, dtype=torch.float64)[:, None]
    brute = (u * grid - 0.5 * f.weight * (grid - f.center).square()).amax(0).sum()
    assert float(f.conj_bounded(u, low, high)) == pytest.approx(float(brute), abs=1e-6)


def test_weights_are_not_negative() -> None:
    for bad in (-1.0, math.nan):
        with pytest.raises(InvpriorError, match="a weight must be 0 or more"):
            bad * L1()


def test_what_is_not_known_says_so() -> None:
    class Value(Functional):
        def __call__(self, u: Tensor) -> Tensor:
            return u.sum()

    with pytest.raises(InvpriorError, match="Value has no proximal map"):
        Value().prox(randn(2), 1.0)
    with pytest.raises(InvpriorError, match="Value has no known conjugate"):
        Value().conj(randn(2))
