"""A guide is worth as much in the shade as in the light."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError
from invprior.priors import DIP, TV, GuidedTV, NoPrior
from invprior.priors.contrast import EDGE, contrast
from invprior.purpose import Purpose
from invprior.specs import parse_prior
from tests.helpers import photograph


def test_an_edge_is_as_strong_in_the_shade() -> None:
    lit = photograph(size=64).clamp(0.2, 1)
    light, shade = (GuidedTV(contrast(x), eta=EDGE).directions().norm(dim=0) for x in (lit, 0.25 * lit))
    raw = GuidedTV(0.25 * lit, eta=0.05).directions().norm(dim=0)
    edges = light > 0.7
    assert float((shade[edges] / light[edges]).min()) > 0.8
    assert float((raw[edges] / light[edges]).mean()) < 0.5


def test_names_beside_a_guide() -> None:
    guide = photograph(size=16).float()
    beside = Purpose("flash", guide)
    dip = parse_prior("dip+tv+box").made(beside).parametrisation
    assert isinstance(dip, DIP)
    assert dip.input is not None
    assert torch.equal(dip.input, contrast(guide))
    tv = parse_prior("tv").made(beside)
    assert isinstance(tv, GuidedTV)
    assert torch.equal(tv.guide, contrast(guide))
    assert isinstance(parse_prior("none").made(beside), NoPrior)
    assert isinstance(parse_prior("tv").made(Purpose()), TV)
    with pytest.raises(InvpriorError, match="prior 'wavelet' takes no guide; take box, dip, none, tv, joined by"):
        parse_prior("tv+wavelet").made(beside)
