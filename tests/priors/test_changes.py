"""Settings of a DIP beside its preset: they change what they name, and nothing that was tuned goes missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from invprior import InvpriorError
from invprior.priors import DIP
from invprior.priors.networks import SkipSpec
from invprior.priors.presets import load
from invprior.purpose import Purpose
from invprior.solvers import Muon, Restarts
from invprior.specs import parse_prior


def test_a_learning_rate_keeps_restarts_and_averages() -> None:
    solver = DIP(lr=0.02, momentum=0.5).recipe().solver
    tuned = load("fast", "denoise").solver
    assert isinstance(solver, Restarts)
    assert isinstance(tuned, Muon)
    assert solver.times == 3
    assert solver.inner == replace(tuned, lr=0.02, momentum=0.5)
    assert DIP(lr=0.02).recipe().stop == DIP().recipe().stop


def test_channels_make_another_network() -> None:
    network = DIP(channels=(8, 16), jitter=0.1).settings.network
    assert isinstance(network, SkipSpec)
    assert (network.channels, network.skip, network.upsample) == ((8, 16), (8, 8), ("nearest",))
    x = DIP(channels=(8, 16), skip=(0, 2)).generator((3, 16, 16), torch.Generator().manual_seed(0))()
    assert x.shape == (3, 16, 16)
    deep = DIP(network="deep_decoder", channels=(8, 8)).generator((3, 16, 16), torch.Generator().manual_seed(0))
    assert deep().shape == (3, 16, 16)


def test_a_wider_network_is_predicted_to_take_more_memory() -> None:
    assert DIP(channels=(128,) * 5).memory.step > 2 * DIP().memory.step
    assert DIP(channels=(8,) * 5).memory.step == DIP().memory.step


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("dip:lr=0.02,restarts=1", DIP(lr=0.02, restarts=1)),
        ("dip:channels=32/64,skip=4/4", DIP(channels=(32, 64), skip=(4, 4))),
        ("dip:preset=best,average=0.9,jitter=0,momentum=0.5", DIP("best", average=0.9, jitter=0.0, momentum=0.5)),
    ],
)
def test_a_spec_and_python_have_the_same_settings(spec: str, same: DIP) -> None:
    assert parse_prior(spec).made(Purpose()) == same


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"lr": 0.0}, "the lr of a DIP is a number above 0"),
        ({"average": 1.0}, "from 0 to below 1"),
        ({"restarts": 0}, "restarts of a DIP are a whole number of 1 or more"),
        ({"channels": (32, 0)}, "one to eight whole numbers"),
        ({"channels": ()}, "one to eight whole numbers"),
        ({"channels": (32, 32), "skip": (4,)}, "2 levels has 2 skip connections, got 1"),
        ({"preset": "paper", "momentum": 0.5}, "Adam, the preset's solver, has no momentum"),
        ({"network": "conv_decoder", "skip": (4,)}, "has no skip connections"),
        ({"axes": (-1,), "channels": (4,)}, "settings of the preset's own network for pictures"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        DIP(**settings)
