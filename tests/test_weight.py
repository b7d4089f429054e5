"""The automatic weight against the best one, which only the test may know."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, Problem, noise, solve, weight
from invprior.operators import Identity, Lanczos
from invprior.priors import DIP, TV, NoPrior, Tikhonov
from tests.helpers import photograph, psnr


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2])
def test_least_sure_is_near_the_best_weight(sigma: float) -> None:
    clean = photograph(size=96, top=20, left=100).float()
    y = noise.Gaussian(sigma).sample(clean, torch.Generator().manual_seed(0))

    def quality(w: float) -> float:
        return psnr(solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=w * TV())).x, clean)

    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=TV()))
    best = max(quality(w) for w in (4.0, 5.5, 7.5, 10.0, 13.5, 18.0, 25.0))
    assert quality(choice.weight) > best - 0.2
    assert choice.rule == "least Monte-Carlo SURE"
    assert len(choice.tried) >= 3


def test_a_quadratic_prior_gets_its_weight_too() -> None:
    clean = photograph(size=64, top=20, left=100).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))

    def quality(w: float) -> float:
        problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=w * Tikhonov())
        return psnr(solve(problem).x, clean)

    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=Tikhonov()))
    assert quality(choice.weight) > max(quality(w) for w in (20.0, 40.0, 80.0, 120.0, 180.0, 270.0)) - 0.2


def test_sure_estimates_the_true_risk() -> None:
    clean = photograph(size=96, top=20, left=100).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV()))
    for w, risk in choice.tried:
        x = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=w * TV())).x
        assert risk == pytest.approx(float((x - clean).square().mean()), rel=0.15)


def test_without_noise_the_typical_weight_is_taken() -> None:
    x = photograph(size=32).float()
    A = Lanczos(x.shape, 2)
    choice = weight.auto(Problem(A, A(x), noise=noise.Gaussian(0.001), prior=TV()))
    assert choice.weight == weight.TYPICAL
    assert choice.tried == ()


def test_what_has_no_automatic_weight_says_so() -> None:
    x = torch.rand(3, 16, 16)
    with pytest.raises(InvpriorError, match="give a weight"):
        weight.auto(Problem(Identity(x.shape), x, noise=noise.Gaussian(0.1), prior=DIP() + TV()))
    assert weight.auto(Problem(Identity(x.shape), x, noise=noise.Gaussian(0.1), prior=NoPrior())).weight == 1.0
