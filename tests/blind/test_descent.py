"""Spectral projected gradients find the minimum within constraints."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from invprior.blind import Bounds, Free, Simplex
from invprior.blind.descent import descend
from tests.helpers import randn


def test_a_quadratic_on_the_simplex_against_plain_projected_gradients() -> None:
    B, c = randn(20, 9, seed=1), randn(20, seed=2)

    def f(values: Mapping[str, Tensor]) -> Tensor:
        return (B @ values["h"] - c).square().sum() / 2

    start = torch.full((9,), 1 / 9, dtype=torch.float64)
    found = descend(f, {"h": start}, {"h": Simplex()}, 60)["h"]
    h, L = start, torch.linalg.matrix_norm(B, 2) ** 2
    for _ in range(20000):
        h = Simplex().project(h - B.T @ (B @ h - c) / L)
    torch.testing.assert_close(found, h, rtol=0, atol=1e-6)


def test_parameters_of_different_units_and_a_bound_that_holds() -> None:
    def f(values: Mapping[str, Tensor]) -> Tensor:
        return (values["long"] / 1000 - 2).square() + (values["short"] - 0.3).square() + values["short"].sin()

    start = {"long": torch.zeros((), dtype=torch.float64), "short": torch.zeros((), dtype=torch.float64)}
    found = descend(f, start, {"long": Free(1000.0), "short": Bounds(-0.1, 1)}, 40)
    assert abs(float(found["long"]) - 2000) < 1e-2
    assert float(found["short"]) == -0.1


def test_at_a_stationary_point_nothing_moves() -> None:
    start = {"a": torch.zeros(3)}
    assert descend(lambda v: v["a"].square().sum(), start, {"a": Free()}, 5) is start
