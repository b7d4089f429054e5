"""The two faces of a prior, and their algebra."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from invprior import InvpriorError, Prior
from invprior.priors import DIP, TV, Box, NoPrior
from invprior.purpose import Purpose
from invprior.runs.weighing import with_weight
from invprior.specs import known_priors, parse_prior
from tests.helpers import randn


def value(prior: Prior, x: torch.Tensor) -> float:
    return sum(float(t(x)) for t in prior.terms(tuple(x.shape)))


def made(text: str, task: str = "denoise") -> Prior:
    return parse_prior(text).made(Purpose(task))


def test_tv_of_a_step_edge() -> None:
    x = torch.zeros(3, 6, 8, dtype=torch.float64)
    x[:, :, 4:] = 0.5
    assert value(TV(coupled=False), x) == pytest.approx(3 * 6 * 0.5)
    assert value(TV(coupled=True), x) == pytest.approx(3**0.5 * 6 * 0.5)
    assert value(TV(weights=(1.0, 2.0), coupled=False), x) == pytest.approx(3 * 6 * 1.0)


def test_tv_against_numpy() -> None:
    x = randn(2, 5, 7)
    d = np.zeros((2, 2, 5, 7))
    d[0, :, :-1], d[1, :, :, :-1] = np.diff(x.numpy(), axis=1), np.diff(x.numpy(), axis=2)
    assert value(TV(isotropic=False, coupled=False), x) == pytest.approx(np.abs(d).sum())
    assert value(TV(isotropic=True, coupled=False), x) == pytest.approx(np.sqrt((d**2).sum(0)).sum())
    assert value(TV(isotropic=False, coupled=True), x) == pytest.approx(np.sqrt((d**2).sum(1)).sum())
    assert value(TV(), x) == pytest.approx(np.sqrt((d**2).sum((0, 1))).sum())


def test_tv_takes_any_axes_and_images_without_channels() -> None:
    assert value(TV(axes=(-4, -2, -1), weights=(0.5, 1, 1)), randn(4, 3, 5, 6)) > 0
    assert value(TV(), randn(5, 6)) == pytest.approx(value(TV(coupled=False), randn(5, 6)))
    with pytest.raises(InvpriorError, match="cannot couple the channels"):
        TV(axes=(-3, -1)).terms((3, 4, 5))


def test_sums_and_multiples_of_penalties() -> None:
    x = randn(3, 5, 6)
    assert value(2 * TV() + TV(isotropic=False) * 0.5, x) == pytest.approx(
        2 * value(TV(), x) + 0.5 * value(TV(isotropic=False), x)
    )
    assert value(2 * (3 * TV()), x) == pytest.approx(6 * value(TV(), x))
    assert value(NoPrior() + TV(), x) == value(TV(), x)
    assert NoPrior().terms((3, 4)) == ()


def test_quotients_and_sums_of_lists() -> None:
    x = randn(3, 5, 6)
    assert value(TV() / 4, x) == pytest.approx(value(TV(), x) / 4)
    assert sum([TV(), Box()]) == TV() + Box()
    assert value(sum([2 * TV(), NoPrior()], start=TV()), x) == pytest.approx(3 * value(TV(), x))
    for bad in (0, float("nan"), "x"):
        with pytest.raises(InvpriorError, match=r"0 or more|positive number"):
            TV() / bad  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        TV() + 1  # type: ignore[operator]


def test_a_sum_has_the_generator_of_its_parametrised_part() -> None:
    both = 0.5 * (DIP() + 0.1 * TV())
    assert both.parametrised
    assert both.recipe() == DIP().recipe()
    assert len(both.terms((3, 16, 16))) == 1
    a = both.generator((3, 16, 16), torch.Generator().manual_seed(3))
    b = DIP().generator((3, 16, 16), torch.Generator().manual_seed(3))
    assert a is not None
    assert torch.equal(a(), b())
    assert (TV() + NoPrior()).generator((3, 16, 16), torch.Generator()) is None


def test_two_parametrisations_do_not_add() -> None:
    with pytest.raises(InvpriorError, match="both parametrise the image"):
        DIP() + DIP(preset="paper")


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), "x"])
def test_weights_are_numbers_from_zero_on(bad: object) -> None:
    with pytest.raises(InvpriorError, match="0 or more"):
        bad * TV()  # type: ignore[operator]


def test_priors_by_name() -> None:
    assert set(known_priors(Purpose())) >= {"none", "tv", "tikhonov", "dip"}
    assert "guidedtv" not in known_priors(Purpose())  # no name gives it its guide
    x = randn(3, 16, 16)
    assert value(with_weight(made("tv"), 3.0), x) == pytest.approx(3 * value(TV(), x))
    both = made("dip+tv", task="inpaint")
    assert both.parametrisation == DIP("fast", "inpaint")
    assert both.penalty == TV()
    assert value(with_weight(both, 2.0), x) == pytest.approx(2 * value(TV(), x))
    assert with_weight(both, 2.0).parametrisation == DIP("fast", "inpaint")
    assert made("dip:preset=paper,task=text") == DIP("paper", "text")
    assert isinstance(with_weight(made("none"), 1.0), NoPrior)


def test_a_default_setting_goes_to_the_prior_that_takes_it() -> None:
    spec = parse_prior("tv:0.05+dip").with_setting("preset", "paper", Purpose())
    assert spec.made(Purpose("inpaint")).parametrisation == DIP("paper", "inpaint")
    assert (spec.weight, spec.text) == (0.05, "tv:0.05+dip")
    with pytest.raises(InvpriorError, match="prior 'tv' has no preset; drop it, or take a prior that has one"):
        parse_prior("tv").with_setting("preset", "paper", Purpose())
    with pytest.raises(InvpriorError, match="preset is given twice, 'best' and in the prior 'dip:preset=paper'"):
        parse_prior("dip:preset=paper").with_setting("preset", "best", Purpose())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gan", "no prior 'gan'; choose among box, dip, nlm, none, nonlocal, tgv, tikhonov, tv, wavelet"),
        ("tv+", "is not a spec"),
        ("guidedtv", r"'guidedtv' needs guide, .* use priors\.GuidedTV in Python"),
        ("dip:preset=slow", "no preset 'slow'; choose one of"),
        ("dip:task=vase", "preset 'fast' has no task 'vase'; choose one of"),
        ("dip+dip", "both parametrise"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(text: str, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        made(text)
