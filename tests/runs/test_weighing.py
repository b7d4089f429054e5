"""λ beside ½‖Ax − y‖² is one number, whatever the noise model and its offset."""

from __future__ import annotations

import pytest
import torch

from invprior import DataTerm, noise
from invprior.operators import Identity, Mask
from invprior.priors import DIP, TV, Blend, Guided, NonLocal, NoPrior, Tikhonov
from invprior.runs.weighing import weigh, with_weight, with_weights
from tests.helpers import photograph

CLEAN = photograph(size=24)


def data(model: noise.Noise, known: float = 1.0) -> tuple[DataTerm, ...]:
    held = torch.rand(24, 24, generator=torch.Generator().manual_seed(0)) < known
    A = Mask(CLEAN.shape, held)
    y = model.sample(A(CLEAN), torch.Generator().manual_seed(1))
    return (DataTerm(A, y, model),)


def factor(terms: tuple[DataTerm, ...], given: float = 0.05) -> float:
    """What multiplies TV."""
    x = torch.rand(CLEAN.shape, dtype=torch.float64)
    weighted = weigh(TV(), terms, given, 0)
    assert weighted.weight == pytest.approx(given)
    (term,), (plain,) = weighted.prior.terms(x.shape), TV().terms(x.shape)
    return float(term(x) / plain(x))


def test_an_offset_changes_no_weight() -> None:
    factors = [factor(data(noise.PoissonGaussian(0.01, 0.02, offset))) for offset in (0.0, 0.1, 0.3, -0.2)]
    assert factors == pytest.approx([factors[0]] * 4, rel=1e-9)


def test_of_gaussian_noise_it_is_the_weight_over_the_variance() -> None:
    assert factor(data(noise.Gaussian(0.1))) == pytest.approx(0.05 / 0.1**2)


def test_holes_change_no_weight() -> None:
    levels = torch.full((24, 24), 0.1, dtype=torch.float64)
    for known in (0.5, 0.2):
        (term,) = data(noise.Gaussian(0.1), known)
        loud = torch.where(term.observed[0], levels, 3.0)  # whatever the level said of a hole
        hidden = (DataTerm(term.operator, term.y, noise.Gaussian(loud)),)
        assert factor(hidden) == pytest.approx(0.05 / 0.1**2)


def test_the_weight_is_that_of_the_penalty_alone() -> None:
    assert with_weight(DIP() + TV(), 3.0) == DIP() + 3.0 * TV()
    assert with_weight(DIP(), 3.0) == DIP()
    assert with_weight(NoPrior(), 3.0) == NoPrior()
    assert weigh(0.5 * TV(), data(noise.Gaussian(0.1)), "own", 0).prior == 0.5 * TV()


def test_sigma_is_the_root_of_the_mean_variance() -> None:
    y = torch.tensor([[[0.2, 0.6]]], dtype=torch.float64)
    d = DataTerm(Identity(y.shape), y + 0.1, noise.PoissonGaussian(0.01, 0.02, 0.1))
    assert d.sigma == pytest.approx((0.01 * 0.4 + 0.02**2) ** 0.5)


def test_the_members_of_a_blend_have_their_own_weights_which_another_one_takes() -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=24), torch.Generator().manual_seed(0))
    measured = (DataTerm(Identity(y.shape), y, noise.Gaussian(0.1)),)
    made = Blend((TV(), Guided(DIP(), Tikhonov()), NonLocal()))
    weighted = weigh(made, measured, "auto", 0)
    alone = [weigh(prior, measured, "auto", 0) for prior in (TV(), Tikhonov(), NonLocal())]
    assert weighted.scales == tuple(c for one in alone for c in one.scales)
    assert len(set(weighted.scales)) == 3
    assert repr(weighted.prior) == repr(Blend((alone[0].prior, Guided(DIP(), alone[1].prior), alone[2].prior)))
    assert repr(with_weights(made, weighted.scales)) == repr(weighted.prior)
