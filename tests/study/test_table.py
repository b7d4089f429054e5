"""Mean, spread and the best, of each picture and over the pictures."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from invprior.study.plan import Study
from invprior.study.published import Published
from invprior.study.source import Source
from invprior.study.table import Group, Spread, main_figure, means, rows

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


def test_means_are_over_the_pictures_that_every_method_has_finished() -> None:
    records = [record("a", "none", seed, 20.0 + seed) for seed in (0, 1)]
    records += [record("a", "tv", 0, 22.0), record("b", "tv", 0, 90.0)]
    none, tv = means(STUDY, rows(STUDY, records))
    assert (none.figures["psnr"], tv.figures["psnr"]) == (20.5, 22.0)
    assert none.pictures == tv.pictures == ("a",)
    assert (none.best, tv.best) == (frozenset(), frozenset({"psnr"}))
    assert means(STUDY, []) == []


def test_a_mean_of_what_a_picture_lacks_is_none() -> None:
    records = [record("a", "tv", 0, 20.0, lpips=0.1), record("b", "tv", 0, 30.0)]
    (tv,) = means(STUDY, rows(STUDY, records))
    assert tv.figures["psnr"] == 25.0
    assert math.isnan(tv.figures["lpips"])


def test_a_group_is_judged_by_the_figure_that_was_published_for_it() -> None:
    study = replace(
        STUDY,
        operators=("identity", "lanczos:2"),
        published=(Published("ssim", "", ("theirs",), {"a": (0.5,)}, operator="lanczos:2"),),
    )
    records = [record("a", "tv", 0, 20.0, ssim=0.4)]
    assert main_figure(study, Group("lanczos:2", "rounding"), records).key == "ssim"
    assert main_figure(study, Group("identity", "rounding"), records).key == "psnr"
    assert main_figure(study, Group("lanczos:2", "rounding"), [record("a", "tv", 0, 20.0)]).key == "psnr"
