"""Several pictures under one prior."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import Identity
from invprior.priors import DIP, TGV, TV, Joint, NoPrior
from tests.helpers import photograph, psnr, randn

SHAPE = (2, 3, 12, 14)


@pytest.mark.parametrize("prior", [TV(), TV(coupled=False), 2 * TV() + TV(isotropic=False)])
def test_is_the_prior_of_all_channels_side_by_side(prior: TV) -> None:
    x = randn(*SHAPE)
    joint = [float(t(x)) for t in Joint(prior).terms(SHAPE)]
    flat = [float(t(x.reshape(6, 12, 14))) for t in prior.terms((6, 12, 14))]
    assert joint == pytest.approx(flat)
    assert Joint(NoPrior()).terms(SHAPE) == ()


def test_a_sharp_picture_shows_the_other_where_its_edges_are() -> None:
    clean = photograph(size=48).float()
    pair = torch.stack([clean.flip(0), 0.8 * clean.square()])
    sigma = torch.tensor([0.1, 0.01]).reshape(2, 1, 1, 1)
    model = noise.Gaussian(sigma)
    y = model.sample(pair, torch.Generator().manual_seed(0))
    alone = Problem(Identity(y[0].shape), y[0], noise=noise.Gaussian(0.1), prior=10 * TV())
    both = Problem(Identity(y.shape), y, noise=model, prior=14 * Joint(TV()))
    assert psnr(solve(both).x[0], pair[0]) > psnr(solve(alone).x, pair[0]) + 0.3


def test_a_lifted_prior_stays_lifted() -> None:
    y = randn(*SHAPE)
    flat = Problem(Identity((6, 12, 14)), y.reshape(6, 12, 14), noise=noise.Gaussian(0.5), prior=2 * TGV())
    joint = Problem(Identity(SHAPE), y, noise=noise.Gaussian(0.5), prior=Joint(2 * TGV()))
    a, b = (solve(p, solvers.PDHG(), stop=stop.MaxIterations(60)).x for p in (flat, joint))
    assert torch.allclose(a.reshape(SHAPE), b, atol=1e-3)


def test_one_network_draws_all() -> None:
    generator = Joint(DIP()).generator(SHAPE, torch.Generator().manual_seed(0))
    assert generator is not None
    assert tuple(generator().shape) == SHAPE
    assert generator.constants == {"inner.z"}
    assert Joint(DIP()).recipe() == DIP().recipe()
    assert Joint(DIP() + TV()).parametrised
    assert not Joint(TV()).parametrised


def test_one_picture_is_not_several() -> None:
    with pytest.raises(InvpriorError, match=r"several pictures \(K, C, H, W\), got shape \(3, 8, 8\)"):
        Joint(TV()).terms((3, 8, 8))
