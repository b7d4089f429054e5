"""Mean, spread, the best and the verdict."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invprior.study.plan import Study
from invprior.study.scores import FIGURES
from invprior.study.source import Source
from invprior.study.table import Spread, rows, verdicts

STUDY = Study(sources=(Source("a", Path("a.png")), Source("b", Path("b.png"))), priors=("none", "tv"), seeds=2)


def record(picture: str, prior: str, seed: int, psnr: float, **more: Any) -> dict[str, Any]:
    place = {"picture": picture, "operator_spec": "identity", "noise_spec": "rounding", "prior": prior, "seed": seed}
    return place | {"psnr": psnr, "status": "converged", "status_message": "it is"} | more


def test_the_best_of_each_scene_is_marked() -> None:
    found = rows(
        STUDY,
        [
            record("a", "none", 0, 20.0, lpips=0.1, seconds=1.0),
            record("a", "none", 1, 22.0, lpips=0.1, seconds=1.0),
            record("a", "tv", 0, 25.0, lpips=0.2, seconds=2.0),
            record("b", "tv", 0, 10.0),
        ],
    )
    assert [(r.scene.source.name, r.prior, r.best) for r in found] == [
        ("a", "none", frozenset({"lpips"})),
        ("a", "tv", frozenset({"psnr"})),
        ("b", "tv", frozenset({"psnr"})),
    ]
    assert found[0].figures["psnr"] == Spread(21.0, math.sqrt(2))
    assert found[0].stops == "converged: it is"


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5))
def test_a_spread_lies_in_its_numbers(numbers: list[float]) -> None:
    spread = Spread.of(numbers)
    assert min(numbers) - 1e-6 <= spread.mean <= max(numbers) + 1e-6
    assert spread.deviation <= (max(numbers) - min(numbers)) + 1e-6


def test_how_a_spread_is_written() -> None:
    assert Spread.of([1.0, 2.0]).text(2) == "1.50 ± 0.71"
    assert Spread.of([1.0]).text(1) == "1.0"
    assert Spread.of([math.nan]).text(1) == "–"


def verdict(psnr: dict[tuple[str, str], tuple[float, float]]) -> str:
    records = [record(*place, seed, value) for place, values in psnr.items() for seed, value in enumerate(values)]
    (sentence,) = verdicts(STUDY, rows(STUDY, records), FIGURES[0])
    return sentence


def test_the_verdict_names_the_leader_and_by_how_much() -> None:
    a = {("a", "none"): (20.0, 20.2), ("a", "tv"): (25.0, 25.0)}
    b = {("b", "none"): (20.0, 20.0), ("b", "tv"): (22.0, 22.0)}
    sentence = verdict(a | b)
    assert "tv has the highest PSNR, 3.45 dB above none on average (+2.00 to +4.90)" in sentence
    assert "best on 2 of 2 pictures" in sentence
    assert "draw" not in sentence


def test_a_lead_within_the_spread_is_a_draw() -> None:
    sentence = verdict({("a", "none"): (20, 22), ("a", "tv"): (21.5, 21.5), ("b", "none"): (9, 9)})
    assert "tv has the highest PSNR" in sentence
    assert ": a draw" in sentence


@pytest.mark.parametrize("records", [[], [record("a", "tv", 0, 20.0)]])
def test_nothing_to_compare_is_no_verdict(records: list[dict[str, Any]]) -> None:
    assert verdicts(STUDY, rows(STUDY, records), FIGURES[0]) == []
