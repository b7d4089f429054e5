"""Verdicts on tables whose truth is known: what may be called better, and what may not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.study.plan import Study
from invprior.study.published import Published
from invprior.study.source import Source
from invprior.study.statistics import holm, mean_interval, paired
from invprior.study.table import rows
from invprior.study.verdict import Verdict, sentences, verdicts
from tests.study.test_table import record

TV = (25.0, 31.2, 22.4, 28.8, 26.1, 24.9, 30.3, 27.7, 23.5, 29.6, 25.8, 26.6)
Table = Mapping[str, Sequence[Sequence[float]]]  # for each prior, for each picture, one number a seed


def judged(table: Table, figure: str = "psnr", **settings: object) -> list[Verdict]:
    n = max(len(pictures) for pictures in table.values())
    study = Study(
        sources=tuple(Source(f"p{k}", Path(f"p{k}.png")) for k in range(n)),
        priors=tuple(table),
        **settings,  # type: ignore[arg-type]
    )
    records = [
        record(f"p{k}", prior, seed, value, **({figure: value} if figure != "psnr" else {}))
        for prior, pictures in table.items()
        for k, seeds in enumerate(pictures)
        for seed, value in enumerate(seeds)
    ]
    return verdicts(study, rows(study, records))


def beside_tv(differences: Sequence[float], seeds: int = 3, base: Sequence[float] = TV * 2) -> Verdict:
    """DIP beside TV, with these differences in dB on the pictures."""
    tv = base[: len(differences)]
    (verdict,) = judged(
        {"tv": [[b] * seeds for b in tv], "dip": [[b + d] * seeds for b, d in zip(tv, differences, strict=True)]}
    )
    return verdict


def test_a_small_lead_on_every_picture_is_a_lead() -> None:
    verdict = beside_tv([0.3] * 20)
    assert verdict.outcome == "better"
    assert verdict.sentence == (
        "dip is better than tv: +0.30 dB (95 % interval +0.30 to +0.30) over 20 pictures, better on 20; "
        "sign test p < 0.001."
    )
    assert beside_tv([-0.3] * 20).sentence.startswith("dip is worse than tv: −0.30 dB")


def test_the_sentence_has_effect_interval_count_and_test() -> None:
    verdict = beside_tv([0.9, 1.4, 0.2, 0.7, 1.1, -0.1, 2.0, 0.8, 0.5, 1.2, 0.4, 1.0])
    assert verdict.outcome == "better"
    assert verdict.paired.test == "Wilcoxon"
    assert verdict.sentence.startswith("dip is better than tv: +0.84 dB (95 % interval +0.")
    assert verdict.sentence.endswith("over 12 pictures, better on 11; Wilcoxon p < 0.001.")
    low, high = verdict.paired.interval
    assert 0.3 < low < 0.84 < high < 1.4


@pytest.mark.parametrize(
    "losses", [[-0.1] * 9, [-0.1 - k / 100 for k in range(9)], [-0.1] * 19, [-0.1 - k / 100 for k in range(19)]]
)
def test_one_large_win_among_losses_is_no_win(losses: list[float]) -> None:
    verdict = beside_tv([*losses, 10.0])
    assert verdict.paired.mean > 0.3
    assert verdict.outcome == "open"
    assert verdict.sentence.startswith("nothing can be concluded about dip against tv: +")
    assert "better on 1" in verdict.sentence


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_pictures_conclude_nothing(n: int) -> None:
    verdict = beside_tv([3.0 + k for k in range(n)])
    assert verdict.outcome == "open"
    assert "interval" not in verdict.sentence
    assert verdict.sentence.endswith("too few pictures, 6 or more are needed.")
    assert beside_tv([3.0 + k for k in range(6)]).outcome == "better"


def test_how_many_pictures_are_needed_grows_with_the_comparisons() -> None:
    for others, needed in ((1, 6), (2, 7), (3, 7), (4, 8), (8, 9)):
        for n, outcome in ((needed - 1, "open"), (needed, "better")):
            table = {"tv": [[b] * 2 for b in (TV * 2)[:n]]}
            for k in range(others):
                table[f"tikhonov:{k + 1}"] = [[b + 1 + k + j / 10] * 2 for j, b in enumerate((TV * 2)[:n])]
            assert {v.outcome for v in judged(table)} == {outcome}
        few = judged({name: pictures[:3] for name, pictures in table.items()})
        assert all(v.sentence.endswith(f"too few pictures, {needed} or more are needed.") for v in few)


def test_a_limit_that_ended_solves_is_said() -> None:
    def said(limit: int | None, status: str) -> str:
        sources = tuple(Source(f"p{k}", Path(f"p{k}.png")) for k in range(8))
        study = Study(sources=sources, priors=("tv", "dip"), iterations=limit)
        made = [
            record(f"p{k}", prior, seed, TV[k] + 3 * (prior == "dip") + k / 10, limit=limit, status=status)
            for prior in ("tv", "dip")
            for k in range(8)
            for seed in range(2)
        ]
        return verdicts(study, rows(study, made))[0].sentence

    assert said(15, "max_iterations").endswith("; solves were cut off after 15 iterations.")
    assert "cut off" not in said(15, "converged")
    assert "cut off" not in said(None, "max_iterations")


def test_one_seed_and_one_picture_conclude_nothing() -> None:
    assert beside_tv([0.91], seeds=1).sentence == (
        "nothing can be concluded about dip against tv: +0.91 dB over 1 picture, better there; too few pictures, 6 or "
        "more are needed."
    )


def test_one_seed_concludes_nothing_but_says_what_was_measured() -> None:
    verdict = beside_tv([0.3] * 20, seeds=1)
    assert verdict.outcome == "open"
    assert "+0.30 dB (95 % interval +0.30 to +0.30) over 20 pictures, better on 20" in verdict.sentence
    assert "one seed" in verdict.sentence


def test_nothing_leads_at_nought() -> None:
    equal = beside_tv([0.0] * 12)
    assert equal.outcome == "open"
    assert "0.00 dB (95 % interval 0.00 to 0.00) over 12 pictures, equal on each" in equal.sentence
    tiny = beside_tv([0.001 + k * 1e-5 for k in range(12)])
    assert tiny.p < 0.05
    assert tiny.outcome == "open"
    assert "the mean difference is nil" in tiny.sentence


def test_some_ties_are_counted_and_tested_by_sign() -> None:
    verdict = beside_tv([0.0] * 4 + [0.3 + k / 10 for k in range(8)])
    assert verdict.paired.test == "sign test"
    assert "better on 8, equal on 4; sign test p = 0.0078" in verdict.sentence


def test_chance_is_no_lead() -> None:
    noise = np.random.default_rng(3).normal(0, 1, 12)
    verdict = beside_tv(list(noise - noise.mean() + 0.1))
    assert verdict.outcome == "open"
    assert verdict.sentence.endswith("it may be chance.")


def test_seeds_are_averaged_within_a_picture() -> None:
    tv = [[b, b] for b in TV]
    dip = [[b + 0.2 + k / 100, b + 0.6 + k / 100] for k, b in enumerate(TV)]
    (verdict,) = judged({"tv": tv, "dip": dip})
    assert len(verdict.paired.differences) == 12  # and not 24, which would count every picture twice
    assert verdict.paired.differences["p3"] == pytest.approx(0.43)


def test_missing_cells_and_nan_are_left_out_in_pairs() -> None:
    tv = [[b, b] for b in TV]
    dip = [[b + 0.5 + k / 100] * 2 for k, b in enumerate(TV)]
    dip[0], dip[1], dip[2] = [math.nan, math.nan], [], [TV[2] + 9.0, math.nan]
    tv[2] = [math.nan, TV[2]]
    (verdict,) = judged({"tv": tv, "dip": dip})
    assert set(verdict.paired.differences) == {f"p{k}" for k in range(3, 12)}  # p2 has no seed in common
    assert verdict.outcome == "better"
    assert "over 9 pictures, better on 9" in verdict.sentence


def test_what_has_no_cell_is_said_too() -> None:
    assert [v.sentence for v in judged({"tv": [[20.0]], "dip": []})] == [
        "nothing can be concluded about dip against tv: there is no picture with the PSNR of both."
    ]
    assert judged({"tv": [[20.0]]}) == []


def test_every_prior_gets_a_verdict_and_several_are_corrected() -> None:
    n = 6
    table: dict[str, list[list[float]]] = {"tv": [[b] * 2 for b in TV[:n]]}
    for name, size in (("dip", 1.0), ("nonlocal", 2.0), ("none", -3.0)):
        table[name] = [[b + size + k / 10] * 2 for k, b in enumerate(TV[:n])]
    given = judged(table)
    assert [v.method for v in given] == ["dip", "nonlocal", "none"]
    assert [v.p for v in given] == pytest.approx([3 / 32] * 3)  # each of 1/32 alone
    assert {v.outcome for v in given} == {"open"}
    assert "corrected for 3 comparisons; too few pictures, 7 or more are needed" in given[0].sentence


def test_the_baseline() -> None:
    table = {name: [[20.0], [21.0]] for name in ("wavelet", "none", "dip")}
    assert {v.baseline for v in judged(table)} == {"none"}
    assert {v.baseline for v in judged(table, baseline="dip")} == {"dip"}
    assert {v.baseline for v in judged({"dip": [[1.0]], "wavelet": [[2.0]]})} == {"dip"}
    with pytest.raises(InvpriorError, match="the baseline 'tvv' is not among the compared: 'wavelet', 'none', 'dip'"):
        judged(table, baseline="tvv")


def test_less_is_better_where_less_is_better() -> None:
    numbers = {"tv": [[0.3 + k / 100] * 2 for k in range(8)], "dip": [[0.2 + k / 90] * 2 for k in range(8)]}
    (verdict,) = judged(numbers, "lpips", published=(Published("lpips", "", ("theirs",), {}),))
    assert verdict.sentence.startswith("dip is better than tv: −0.096 LPIPS, of which less is better")
    assert "better on 8" in verdict.sentence


def test_groups_are_named_if_there_are_several() -> None:
    (verdict,) = judged({"tv": [[20.0]], "dip": [[21.0]]})
    assert sentences([verdict]) == [verdict.sentence]
    study = Study(sources=(Source("a", Path("a.png")),), operators=("identity", "lanczos:2"), priors=("tv", "dip"))
    records = [record("a", p, 0, 20.0) | {"operator_spec": A} for A in study.operators for p in study.methods]
    said = sentences(verdicts(study, rows(study, records)))
    assert [s.split(": ")[0] for s in said] == ["identity, rounding", "lanczos:2, rounding"]


def test_the_interval_holds_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        low, high = mean_interval(list(rng.normal(0.5, 1.0, 8)))
        held += low <= 0.5 <= high
    assert 0.91 < held / 200 < 0.99
    assert mean_interval([1.0, 2.0, 4.0] * 4) == mean_interval([1.0, 2.0, 4.0] * 4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_is_no_smaller(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    assert corrected[p_values.index(min(p_values))] == pytest.approx(min(1, len(p_values) * min(p_values)))
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    assert [corrected[k] for k in order] == sorted(corrected)


def test_a_missing_p_value_is_no_comparison() -> None:
    assert holm([0.01, math.nan, 0.04])[0] == pytest.approx(0.02)
    assert math.isnan(holm([0.01, math.nan])[1])
    assert math.isnan(paired({}, {}).mean)
