"""One grammar: what a command takes a study takes, with the same sentence for the same mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invprior import InvpriorError
from invprior.cli.options import Settings
from invprior.cli.request import request
from invprior.purpose import Film, Purpose
from invprior.specs import PriorSpec, parse_prior
from invprior.study.plan import Study
from invprior.study.source import sources
from tests.films import make_film, moving

PURPOSES = {"picture": Purpose(), "film": Purpose(film=Film())}
SPECS = ["tv", "tv:0.05", "tgv:ratio=3", "dip:preset=fast,iterations=30", "dip+tv:0.01", "wavelet:0.1,levels=2+box"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_is_the_same_prior_everywhere(spec: str, picture: Path) -> None:
    study = Study(sources=sources([picture], []), priors=(spec,))
    of_command = request(Settings(prior=spec), None, Purpose()).prior
    assert of_command == study.prior_specs[spec] == parse_prior(spec)
    assert request(Settings(prior=spec), None, PURPOSES["film"]).prior == of_command


def test_the_weight_of_a_spec_is_the_options() -> None:
    asked = request(Settings(prior="tv:0.05"), None, Purpose())
    assert asked.restoration.weight == 0.05
    assert request(Settings(prior="tv", weight="0.05"), None, Purpose()).restoration == asked.restoration
    with pytest.raises(InvpriorError, match=r"the prior 'tv:0\.05' has its own weight; drop --weight 0\.1"):
        request(Settings(prior="tv:0.05", weight="0.1"), None, Purpose())


def test_a_limit_is_given_once() -> None:
    with pytest.raises(InvpriorError, match="'dip:iterations=30' has its iterations; drop --iterations 7"):
        request(Settings(prior="dip:iterations=30", iterations=7), None, Purpose())
    assert request(Settings(prior="dip", iterations=7), None, Purpose()).restoration.iterations == 7


def test_the_preset_option_is_short_for_a_setting() -> None:
    long = request(Settings(prior="dip:preset=paper,task=text"), None, Purpose()).prior
    short = request(Settings(prior="dip", preset="paper:text"), None, Purpose()).prior
    assert isinstance(short, PriorSpec)
    assert isinstance(long, PriorSpec)
    assert short.made(Purpose()) == long.made(Purpose())
    with pytest.raises(InvpriorError, match="prior 'tv' has no preset; drop it"):
        request(Settings(prior="tv", preset="fast"), None, Purpose())


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("tvv", "no prior 'tvv'"),
        ("tv:heavy", "the weight must be a number of 0 or more, got 'heavy'"),
        ("tgv:ratio=-1", "the ratio of TGV is a number from 1e-6 to 1e6"),
        ("dip:preset=slow", "no preset 'slow'"),
        ("dip:0.1", "dip has no weight to give"),
        ("wavelet:wavelet=nothing", "nothing"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_runs(spec: str, says: str, purpose: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        request(Settings(prior=spec), None, PURPOSES[purpose])


def test_a_film_has_names_of_its_own(tmp_path: Path) -> None:
    make_film(tmp_path / "film.mkv", moving(3, 16, 16))
    moving_prior = parse_prior("motion-tv:time=2").made(PURPOSES["film"])
    assert repr(moving_prior) == "VideoTV(2, along a flow)"
    with pytest.raises(InvpriorError, match="there is no prior 'motion-tv'; choose among"):
        parse_prior("motion-tv").made(Purpose())
