"""All cases, and running them one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults import cases_films, cases_modules, cases_operands, cases_options, cases_pictures, cases_studies
from tests.faults.case import Case
from tests.faults.judge import Verdict
from tests.faults.nursery import Nursery
from tests.faults.runner import perform, removed

GROUPS = {
    "pictures": cases_pictures.CASES,
    "operands": cases_operands.CASES,
    "films": cases_films.CASES,
    "options": cases_options.CASES,
    "modules": cases_modules.CASES,
    "studies": cases_studies.CASES,
}


def cases(only: str = "", short: bool = False) -> list[Case]:
    """The cases whose name or group holds a word; of them the short part, if asked for."""
    return [
        case
        for group, members in GROUPS.items()
        for case in members
        if (only in case.name or only in group) and not (short and case.slow)
    ]


def verdicts(chosen: Sequence[Case], place: Path, keep: bool = False) -> Iterator[Verdict]:
    """Run cases, each in a folder of its own below ``place``."""
    home = place / "home"
    home.mkdir(parents=True)
    nursery = Nursery(home)
    try:
        for number, case in enumerate(chosen):
            folder = place / f"{number:04d}"
            folder.mkdir()
            yield perform(case, nursery, folder)
            if not keep:
                removed(folder)
    finally:
        nursery.close()
