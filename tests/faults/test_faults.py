"""No traceback, no hang, and no file changed that is nobody's output; ``python -m tests.faults`` shows every case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.judge import counts
from tests.faults.table import GROUPS, cases, verdicts


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in cases()]
    assert sorted(set(names)) == sorted(names)
    assert len(names) > 300


def test_the_short_part_takes_from_every_group() -> None:
    short = {case.name for case in cases(short=True)}
    assert [group for group, members in GROUPS.items() if not short & {case.name for case in members}] == []


def test_the_page_of_faults_counts_every_group() -> None:
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
    assert [g for g, members in GROUPS.items() if f"| {g} | {len(members)} |" not in page] == []


def _run(only: str, short: bool, place: Path) -> None:
    found = list(verdicts(cases(only, short), place))
    bad = [(v.name, v.command, v.kind, v.wrong, v.changed, v.tail) for v in found if not v.good]
    assert bad == [], counts(found)


def test_the_short_part(tmp_path: Path) -> None:
    _run("", True, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_all(group: str, tmp_path: Path) -> None:
    _run(group, False, tmp_path)
