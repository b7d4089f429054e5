"""Bounds on the pixels."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import Identity, Lanczos, Mask
from invprior.priors import TV, Box, NoPrior
from tests.helpers import randn


def test_alone_it_clamps_the_data() -> None:
    y = randn(3, 8, 8)
    r = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=NoPrior() + Box()))
    assert torch.allclose(r.x, y.clamp(0, 1), atol=1e-6)


@pytest.mark.parametrize("kind", ["identity", "mask", "lanczos"])
def test_the_gap_accounts_for_it(kind: str) -> None:
    shape = (1, 16, 16)
    A = {"identity": Identity(shape), "mask": Mask(shape, randn(16, 16) > 0), "lanczos": Lanczos(shape, 2)}[kind]
    y = A(torch.linspace(-0.5, 1.5, 256, dtype=torch.float64).reshape(shape))
    problem = Problem(A, y, noise=noise.Gaussian(0.1), prior=3.0 * TV() + Box(0.1, 0.8))
    r = solve(problem, solvers.PDHG(), stop=stop.RelativeGap(1e-7) | stop.MaxIterations(20_000))
    assert r.status.name == "converged"
    best = float(problem.objective(r.x))
    assert [float(r.x.min()), float(r.x.max())] == pytest.approx([0.1, 0.8], abs=1e-6)
    rows = solve(problem, solvers.PDHG(), stop=stop.MaxIterations(200)).history
    assert all(-1e-6 * best <= row["value"] - best <= row["gap"] + 1e-6 * best for row in rows)


def test_every_iterate_stays_inside() -> None:
    y = 3 * randn(1, 12, 12)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV() + Box(-0.5, 0.5))
    seen: list[float] = []
    solve(problem, stop=stop.MaxIterations(20), callbacks=[lambda it: seen.append(float(it.x.abs().max()))])
    assert max(seen) <= 0.5


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(InvpriorError, match="low < high"):
        Box(1.0, 0.0)
