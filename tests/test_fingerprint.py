"""The numbers that tell functionals apart."""

from __future__ import annotations

import pytest
import torch

from invprior.fingerprint import figures
from invprior.functional import Functional
from invprior.functionals import L1, L21, Bounds, Quadratic
from invprior.shapes import SLAB
from tests.helpers import randn


@pytest.mark.parametrize(
    "f",
    [
        2.0 * L21((-4, -3)),
        L1(),
        Bounds(-0.5, 0.5),
        Quadratic(torch.linspace(1, 2, 1500)[:, None].double(), randn(3, 1500, 500)),
    ],
)
def test_a_large_point_gives_the_figures_of_the_whole(f: Functional) -> None:
    u = randn(2, 3, 1500, 500)
    assert u.numel() > 2 * SLAB
    value, moved = figures(f, u)
    assert value == pytest.approx(float(f(u)), rel=1e-9)
    assert moved == pytest.approx(float(f.prox(u, 1.0).abs().sum()), rel=1e-9)


def test_one_value_of_the_last_rows_is_told() -> None:
    u = randn(3, 1500, 500)
    center = torch.zeros(3, 1500, 500).double()
    other = center.clone()
    other[2, 1499, 499] = 1e-3
    assert figures(Quadratic(1.0, center), u) != figures(Quadratic(1.0, other), u)
