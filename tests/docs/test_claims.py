"""The figures of README and docs are those of the stored results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks import results, stale
from tests.benchmarks.results import ROOT, Stored

RESULTS = results.stored()
# Pages whose tables of decibels are all stored.
TABLES = tuple(
    f"docs/{name}.md"
    for name in ("which-prior", "nonlocal", "blend", "compare", "dejpeg", "error-map", "raw", "ten-operators")
)
FIGURE = re.compile(r"\d+(?:\.\d+)? (?:dB|s|ns|GB|times)\b")


def flowing(text: str) -> str:
    """The text in one line."""
    return " ".join(text.split())


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
def test_pages_say_what_is_stored(name: str) -> None:
    result = RESULTS[name]
    for said in result.said:
        text = flowing(page(said))
        assert [s for s in result.sentences(said) if flowing(s) not in text] == [], said
    for shown in result.pages:
        lines = set(page(shown).splitlines())
        assert [line for line in result.printed if line not in lines] == [], shown


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_says_when_and_on_what_it_was_measured(name: str) -> None:
    result = RESULTS[name]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", result.date)
    assert re.fullmatch(r"[0-9a-f]{7,40}", result.commit)
    assert result.machine
    assert result.command
    assert (result.said and result.figures) or (result.pages and result.printed)
    assert [c for c in result.code if not (ROOT / c).exists()] == []
    assert result.code


def test_every_figure_that_the_readme_measured_is_stored() -> None:
    measured = flowing(page("README.md").split("## Measured")[1].split("## Documentation")[0])
    sentences = [flowing(s) for result in RESULTS.values() for s in result.sentences("README.md")]
    told = [range(at.start(), at.end()) for s in sentences for at in re.finditer(re.escape(s), measured)]
    figures = list(FIGURE.finditer(measured))
    assert len(figures) > 15
    assert [m[0] for m in figures if not any(m.start() in span for span in told)] == []


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_figures_is_stored(name: str) -> None:
    known = {line for result in RESULTS.values() if name in result.pages for line in result.printed}
    rows = re.findall(r"^\|.*\| \**\d+\.\d.*$", page(name), re.MULTILINE)
    assert len(rows) > 5
    assert [row for row in rows if row not in known] == []


def test_a_kept_result_keeps_what_pages_say_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    before = Stored("old", "2020-01-01", "m", "abc1234", ("a",), {"x": 1.0, "y": 2.0}, {"README.md": ["{x:.1f} dB"]})
    results.save("one", before)
    results.keep("one", ["priors"], {"x": 1.26})
    results.keep(None, ["priors"], {"x": 9.0})
    (after,) = results.stored().values()
    assert after.sentences("README.md") == ["1.3 dB"]
    assert after.figures == {"x": 1.26, "y": 2.0}
    assert after.code == ("priors",)
    assert after.date > "2025"
    assert "torch" in after.machine


def test_results_older_than_their_code_are_found() -> None:
    asked = {"cat-file": "commit", "rev-list": "aaa\nbbb", "status": ""}
    result = Stored("c", "2026-01-01", "m", "abc1234", ("priors",))
    assert stale.age(result, lambda *a: asked[a[0]]) == "2 commits"
    assert stale.age(result, lambda *a: {**asked, "rev-list": ""}[a[0]]) == ""
    assert stale.age(result, lambda *a: {**asked, "status": " M priors/tv.py"}[a[0]]) == (
        "2 commits and what is not committed"
    )
    assert stale.age(result, lambda *a: "") == stale.UNKNOWN
