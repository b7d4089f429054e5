"""Constraints: projections are nearest points, and free numbers reach the whole set and nothing else."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError
from invprior.blind import Bounds, Constraint, Free, Simplex
from tests.helpers import randn

CONSTRAINTS: list[Constraint] = [Free(), Free(3.0), Bounds(-0.5, 2.0), Simplex()]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_a_projection_is_the_nearest_value(constraint: Constraint, seed: int) -> None:
    v = 2 * randn(3, 4, seed=seed)
    p = constraint.project(v)
    torch.testing.assert_close(constraint.project(p), p)
    for k in range(5):
        inside = constraint.value(3 * randn(3, 4, seed=10 + k))
        assert float(((v - p) * (inside - p)).sum()) <= 1e-9


def test_the_simplex_is_nonnegative_with_sum_one() -> None:
    for h in (Simplex().project(randn(5, 5)), Simplex().value(randn(5, 5))):
        assert float(h.min()) >= 0
        assert float(h.sum()) == pytest.approx(1)
    assert int((Simplex().project(randn(5, 5)) == 0).sum()) > 0


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
def test_free_numbers_give_the_value_back(constraint: Constraint) -> None:
    value = constraint.value(0.1 * randn(3, 3))
    torch.testing.assert_close(constraint.value(constraint.free(value)), value)


def test_settings_without_meaning_are_refused() -> None:
    with pytest.raises(InvpriorError, match="smaller and a larger"):
        Bounds(1, 1)
    with pytest.raises(InvpriorError, match="positive"):
        Free(0)
