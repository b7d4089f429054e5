"""The right likelihood restores better than the Gaussian one, each with its best weight."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import Problem, noise, solve, weight
from invprior.operators import Identity
from invprior.priors import TV
from invprior.stop import MaxIterations, RelativeGap
from tests.helpers import photograph, psnr

CLEAN = photograph(size=64).float()


def restored(y: Tensor, model: noise.Noise, c: float, clean: Tensor = CLEAN) -> float:
    problem = Problem(Identity(y.shape), y, noise=model, prior=c * TV())
    return psnr(solve(problem, stop=RelativeGap(1e-3) | MaxIterations(300)).x, clean)


def best(y: Tensor, model: noise.Noise, weights: tuple[float, ...], clean: Tensor = CLEAN) -> float:
    """The PSNR with the best of the weights, which must not be the first or the last."""
    scores = [restored(y, model, c, clean) for c in weights]
    assert max(scores) > max(scores[0], scores[-1])
    return max(scores)


def alike(model: noise.Noise, y: Tensor) -> noise.Gaussian:
    return noise.Gaussian(float(model.estimated_variance(y).mean()) ** 0.5)


@pytest.mark.parametrize(("name", "top", "left"), [("astronaut.png", 60, 200), ("coffee.png", 100, 200)])
def test_poisson_gaussian_data(name: str, top: int, left: int) -> None:
    """Not on every picture: where dark parts have the detail, TV with one weight gains nothing from it."""
    clean = photograph(name, 64, top, left).float()
    model = noise.PoissonGaussian(0.05, 0.02)
    y = model.sample(clean, torch.Generator().manual_seed(0))
    weights = (3.0, 5.0, 8.0, 12.0, 18.0, 27.0)
    assert best(y, model, weights, clean) > best(y, alike(model, y), weights, clean) + 0.2


def test_salt_and_pepper() -> None:
    draw = torch.rand(CLEAN.shape[-2:], generator=torch.Generator().manual_seed(0))
    y = torch.where(draw < 0.05, 0.0, torch.where(draw > 0.95, 1.0, CLEAN))
    robust = best(y, noise.Laplace(0.05), (2.0, 5.0, 10.0, 20.0, 40.0))
    plain = best(y, noise.Gaussian(0.15), (1.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0))
    assert robust > plain + 4


def test_the_automatic_weight_suits_photon_noise() -> None:
    for model in (noise.Poisson(0.05), noise.PoissonGaussian(0.02, 0.05, 0.1)):
        y = model.sample(CLEAN, torch.Generator().manual_seed(0))
        choice = weight.auto(Problem(Identity(y.shape), y, noise=model, prior=TV()))
        found = restored(y, model, choice.weight)
        assert found > best(y, model, (3.0, 4.5, 6.0, 8.0, 11.0, 15.0, 20.0, 30.0)) - 0.3
