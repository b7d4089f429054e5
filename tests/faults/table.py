"""All cases, and running them one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.faults import (
    cases_films,
    cases_modules,
    cases_operands,
    cases_options,
    cases_outputs,
    cases_pictures,
    cases_studies,
    stories,
)
from tests.faults.case import Case
from tests.faults.judge import Verdict
from tests.faults.nursery import Nursery
from tests.faults.runner import mountable, perform, removed
from tests.faults.story import Story, tell

GROUPS: Mapping[str, Sequence[Case | Story]] = {
    "pictures": cases_pictures.CASES,
    "operands": cases_operands.CASES,
    "films": cases_films.CASES,
    "options": cases_options.CASES,
    "modules": cases_modules.CASES,
    "studies": cases_studies.CASES,
    "outputs": cases_outputs.CASES,
    "kills": stories.KILLS,
    "races": stories.RACES,
}


def cases(only: str = "", short: bool = False) -> list[Case | Story]:
    """The cases of a group, or those whose name holds a word; of them the short part, if asked for."""
    found = GROUPS.get(only) or [case for members in GROUPS.values() for case in members if only in case.name]
    return [case for case in found if not (short and case.slow) and _possible(case)]


def _possible(case: Case | Story) -> bool:
    """False if the case needs a disk of its own and this user may mount none."""
    return isinstance(case, Story) or case.around.disk_bytes is None or mountable()


def verdicts(chosen: Sequence[Case | Story], place: Path, keep: bool = False) -> Iterator[Verdict]:
    """Run cases, each in a folder of its own below ``place``."""
    home = place / "home"
    home.mkdir(parents=True)
    nursery = Nursery(home)
    try:
        for number, case in enumerate(chosen):
            folder = place / f"{number:04d}"
            folder.mkdir()
            if isinstance(case, Story):
                yield tell(case, nursery, folder)
            else:
                yield perform(case, nursery, folder)
            if not keep:
                removed(folder)
    finally:
        nursery.close()
