"""deepinv's denoisers here, and our solves as its reconstructors."""

from __future__ import annotations

import pytest
import torch
from deepinv.models import MedianFilter, TVDenoiser
from deepinv.physics import Denoising, GaussianNoise, UniformNoise
from torch import nn

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.interop.deepinv import as_reconstructor, from_denoiser, to_physics
from invprior.operators import Blur, Identity, Lanczos
from invprior.priors import DIP, TV
from tests.helpers import photograph, psnr


def test_deepinvs_tv_is_the_proximal_map_of_ours() -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=24).float(), torch.Generator().manual_seed(0))
    prior = from_denoiser(TVDenoiser(n_it_max=2000, crit=1e-7))
    plugged = solve(
        Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=8.0 * prior), stop=stop.MaxIterations(1)
    )
    ours = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=8.0 * TV(coupled=False)))
    assert psnr(plugged.x, ours.x) > 50


def test_plug_and_play_deblurs() -> None:
    clean = photograph(size=32).float()
    A = Blur(clean.shape, torch.ones(3, 3) / 9)
    y = noise.Gaussian(0.01).sample(A(clean), torch.Generator().manual_seed(0))
    prior = 8.0 * from_denoiser(TVDenoiser(n_it_max=30))
    r = solve(Problem(A, y, noise=noise.Gaussian(0.01), prior=prior), stop=stop.MaxIterations(100))
    assert psnr(r.x, clean) > psnr(y, clean) + 1.5


@pytest.mark.parametrize("shape", [(6, 5), (1, 6, 5), (2, 3, 6, 5)])
def test_batches_and_gray_pictures_are_reshaped(shape: tuple[int, ...]) -> None:
    y = torch.rand(shape)
    term = from_denoiser(MedianFilter(3)).terms(shape[-3:])[0]
    assert term.functional.prox(y, 0.1).shape == y.shape


def test_what_is_no_denoiser() -> None:
    with pytest.raises(InvpriorError, match="deepinv denoiser"):
        from_denoiser(3)  # type: ignore[arg-type]
    with pytest.raises(InvpriorError, match="no noise level"):
        from_denoiser(nn.Identity())


def test_a_reconstructor_is_our_solve() -> None:
    clean = photograph(size=16).float()
    A = Lanczos(clean.shape, 2)
    physics = to_physics(A, noise.Gaussian(0.02))
    y = noise.Gaussian(0.02).sample(A(torch.stack([clean, 1 - clean])), torch.Generator().manual_seed(0))
    out = as_reconstructor(8.0 * TV())(y, physics)
    for picture, x in zip(y, out, strict=True):
        assert torch.equal(x, solve(Problem(A, picture, noise=noise.Gaussian(0.02), prior=8.0 * TV())).x)


def test_a_reconstructor_takes_any_prior_and_weighs_it() -> None:
    clean = photograph(size=32).float()
    physics = Denoising(GaussianNoise(0.1))
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))[None]
    assert psnr(as_reconstructor(TV(), auto_weight=True)(y, physics)[0], clean) > psnr(y[0], clean) + 4
    dip = as_reconstructor(DIP(), solver=solvers.Adam(), stop=stop.MaxIterations(2))(y, physics)
    assert dip.shape == y.shape


def test_a_noise_without_a_likelihood_is_named() -> None:
    y = torch.rand(1, 1, 8, 8)
    with pytest.raises(InvpriorError, match="UniformNoise"):
        as_reconstructor(TV())(y, Denoising(UniformNoise(0.1)))
