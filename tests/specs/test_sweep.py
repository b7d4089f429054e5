"""A setting with several values stands for one spec each."""

from __future__ import annotations

import pytest

from invprior import InvpriorError
from invprior.specs import expanded, parse_prior, settings


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("dip:lr=0.02,0.04", ["dip:lr=0.02", "dip:lr=0.04"]),
        ("dip:channels=32/64,64/64", ["dip:channels=32/64", "dip:channels=64/64"]),
        ("tv:weight=0.01, 0.1", ["tv:weight=0.01", "tv:weight=0.1"]),
        ("dip:preset=best,task=text", ["dip:preset=best,task=text"]),
        ("tv:0.1,isotropic=true,false", ["tv:0.1,isotropic=true", "tv:0.1,isotropic=false"]),
        ("dip:lr=1e-2,2e-2+tv", ["dip:lr=1e-2+tv", "dip:lr=2e-2+tv"]),
        (
            "dip:preset=fast,best,restarts=1,2",
            [f"dip:preset={p},restarts={n}" for p in ("fast", "best") for n in (1, 2)],
        ),
        ("dip + tv:weight=1e+3", ["dip + tv:weight=1e+3"]),
        ("tv:0.1,0.2", ["tv:0.1,0.2"]),  # two values without a setting are a mistake, which the prior's parser names
    ],
)
def test_every_value_is_a_spec(text: str, specs: list[str]) -> None:
    assert expanded(text) == specs


def test_a_sweep_has_an_end() -> None:
    with pytest.raises(InvpriorError, match="stands for 1000 priors; a sweep has at most 200"):
        expanded("dip:lr=" + ",".join(map(str, range(1, 1001))))


def test_the_settings_of_a_spec() -> None:
    found = [(s.name, s.value, s.others) for s in settings("dip:lr=0.02,skip=4/4+tv:weight=1e+3")]
    assert found == [
        ("lr", "0.02", "dip:lr=…,skip=4/4+tv:weight=1e+3"),
        ("skip", "4/4", "dip:lr=0.02,skip=…+tv:weight=1e+3"),
        ("weight", "1e+3", "dip:lr=0.02,skip=4/4+tv:weight=…"),
    ]


def test_a_weight_may_be_named() -> None:
    assert parse_prior("tv:weight=0.05").weight == 0.05
    with pytest.raises(InvpriorError, match="one weight multiplies the whole penalty"):
        parse_prior("tv:0.1,weight=0.05")
