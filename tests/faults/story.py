"""Commands that are killed and run again, and commands that run side by side on one place."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.case import INTERRUPTED, REFUSED, RESULT, File
from tests.faults.judge import Ended, Verdict, one_sentence
from tests.faults.nursery import Nursery
from tests.faults.runner import made, run, start
from tests.faults.snapshot import snapshot

# What of a record tells of the clock, the machine's load or the folder, and not of the result.
FLEETING = ("seconds", "memory", "kept_seconds", "versions", "history", "curve", "input", "output")


@dataclass(frozen=True)
class Story:
    """Commands in one folder that must leave what one undisturbed command leaves, bit for bit.

    Attributes
    ----------
    words
        The command.
    results
        Patterns of the files that must be equal; of records, all but times and memory.
    kill
        The signal, and the share of the time of an undisturbed run after which it is sent; the command is then run
        again. None for two that run side by side, the second a ``gap`` of that time later.
    """

    name: str
    words: tuple[str, ...]
    files: Mapping[str, File]
    results: tuple[str, ...]
    kill: tuple[signal.Signals, float] | None = None
    gap: float = 0.0
    fresh: bool = False
    seconds: float = 90.0
    slow: bool = True

    @property
    def command(self) -> str:
        """What is done, in words."""
        line = " ".join(["invprior", *self.words])
        if self.kill is None:
            return f"{line} & sleep {self.gap:.0%} of its time; {line}; wait"
        return f"{line} & sleep {self.kill[1]:.0%} of its time; kill -{self.kill[0].name[3:]} $!; {line}"


_UNDISTURBED: dict[tuple[tuple[str, ...], bool], tuple[float, dict[str, str]]] = {}


def tell(story: Story, nursery: Nursery, place: Path) -> Verdict:
    """Run a story in the folder ``place``."""
    key = (story.words, story.fresh)
    if key not in _UNDISTURBED:
        (alone,) = _runs(story, nursery, place / "alone", "alone", kill=None, twice=False)
        _UNDISTURBED[key] = alone.seconds, left(place / "alone", story)
    seconds, wanted = _UNDISTURBED[key]
    folder = place / "folder"
    made(folder, story.files)
    before = snapshot(folder)
    if story.kill is None:
        ended = _runs(story, nursery, folder, "both", kill=None, twice=True, gap=story.gap * seconds)
    else:
        kill = (int(story.kill[0]), story.kill[1] * seconds)
        ended = _runs(story, nursery, folder, "first", kill=kill, twice=False)
        ended += _runs(story, nursery, folder, "second", kill=None, twice=False)
    wrong = _killed(ended) if story.kill is not None else _raced(ended)
    found = left(folder, story)
    wrong += [f"{n} differs from an undisturbed run" for n in wanted if n in found and found[n] != wanted[n]]
    wrong += [f"{n} is missing" for n in wanted if n not in found]
    sources = {n: what for n, what in snapshot(folder).items() if n in before}
    return Verdict(
        name=story.name,
        command=story.command,
        kind="hang" if any(e.code is None for e in ended) else ended[-1].kind,
        wrong=tuple(wrong),
        changed=tuple([n for n in before if sources.get(n) != before[n]] + [n for n in found if n not in wanted]),
        traced=any(e.traced for e in ended),
        seconds=sum(e.seconds for e in ended),
        tail=tuple(line for e in ended for line in e.tail)[-4:],
    )


def _runs(
    story: Story,
    nursery: Nursery,
    folder: Path,
    log: str,
    kill: tuple[int, float] | None,
    twice: bool,
    gap: float = 0.0,
) -> list[Ended]:
    made(folder, {} if any(folder.glob("*")) else story.files)
    begin = partial(start, story.words, folder, fresh=story.fresh)
    starts: list[dict[str, Any]] = [begin(folder.parent / f"{log}-log", kill=kill)]
    if twice:
        starts.append(begin(folder.parent / f"{log}-log-2", after=gap))
    return run(nursery, starts, story.seconds)


def _killed(ended: list[Ended]) -> list[str]:
    first, second = ended
    wrong = [] if second.kind == RESULT else [f"the second run ended as {second.kind}"]
    fine = first.signalled and (first.kind == INTERRUPTED or (first.code or 0) < 0)
    return wrong if fine or first.kind == RESULT else [*wrong, f"the killed run ended as {first.kind}"]


def _raced(ended: list[Ended]) -> list[str]:
    wrong = [] if any(e.kind == RESULT for e in ended) else ["neither of the two finished"]
    for one in ended:
        if one.kind not in (RESULT, REFUSED, "hang"):
            wrong.append(f"one ended as {one.kind}")
        if one.kind == REFUSED and not one_sentence(one.err):
            wrong.append("exit 2 without one sentence that starts with 'invprior: '")
    return wrong


def left(folder: Path, story: Story) -> dict[str, str]:
    """What a command left: every entry that was not there before, results with what they hold."""
    found = {}
    for name, what in snapshot(folder).items():
        path = folder / name
        if name in story.files:
            continue
        if path.name == "run.json":
            record = json.loads(path.read_text())
            what = json.dumps({k: v for k, v in record.items() if not k.startswith(FLEETING)})
        elif not any(path.match(pattern) for pattern in story.results):
            what = "there"
        found[name] = what
    return found
