"""The discrepancy principle counts what was measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from invprior import Problem, noise, stop
from invprior.operators import Identity, Mask
from invprior.priors import NoPrior
from tests.helpers import photograph, randn

SIGMA = 0.1


def iterate(problem: Problem, x: torch.Tensor) -> Any:
    return SimpleNamespace(iteration=100, problem=problem, latest=x)


@pytest.mark.parametrize("known", [0.1, 0.5, 1.0])
def test_the_hole_of_a_mask_is_not_counted(known: float) -> None:
    clean = photograph(size=64)
    A = Mask(clean.shape, torch.rand(64, 64, generator=torch.Generator().manual_seed(0)) < known)
    y = A(clean + SIGMA * randn(3, 64, 64))
    problem = Problem(A, y, noise=noise.Gaussian(SIGMA), prior=NoPrior())
    too_far = clean + 0.5 * SIGMA * randn(3, 64, 64, seed=1)  # 1.25 σ² from y
    rule = stop.Discrepancy(factor=1.05)
    assert rule.update(None, iterate(problem, too_far))[1].stop is None
    assert rule.update(None, iterate(problem, clean))[1].stop is not None


@pytest.mark.parametrize(("factor", "stops"), [(0.97, False), (1.03, True)])
def test_the_factor_is_one_of_the_deviation(factor: float, stops: bool) -> None:
    clean = photograph(size=64)
    y = clean + SIGMA * randn(3, 64, 64)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=NoPrior())
    verdict = stop.Discrepancy(factor=factor).update(None, iterate(problem, clean))[1]
    assert (verdict.stop is not None) == stops


def test_the_estimate_at_the_noise_level_is_kept_whatever_was_kept_before() -> None:
    clean = photograph(size=16)
    y = clean + SIGMA * randn(3, 16, 16)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=NoPrior())
    rule = stop.MovingVariance(min_start=1) | stop.Discrepancy(factor=1.1, min_start=1, every=1)
    memory: Any = None
    frames = [torch.zeros_like(clean)] * 3 + [0.5 * clean, clean]
    for k, x in enumerate(frames):
        memory, verdict = rule.update(memory, SimpleNamespace(**vars(iterate(problem, x)) | {"iteration": k + 1}))
    assert verdict.stop is not None
    assert verdict.keep
