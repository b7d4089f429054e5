"""What came of a command, held against what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips

from tests.faults.case import CODES, INTERRUPTED, REFUSED, RESULT, Case

TRACES = ("Traceback (most recent call last)", "internal error")
LAST_DEFENCE = 70
# Exit codes of click and of Python whose output nobody reads, and that of a shell for SIGPIPE.
SILENT = (1, 120, 141)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (None for a hang), its time, and all it printed."""

    code: int | None
    seconds: float
    signalled: bool
    out: str
    err: str

    @property
    def kind(self) -> str:
        """The outcome by its exit code."""
        return "hang" if self.code is None else CODES.get(self.code, f"exit {self.code}")

    @property
    def traced(self) -> bool:
        """True if a traceback shows, or the last line of defence, or the process died of itself."""
        if any(trace in self.out + self.err for trace in TRACES):
            return True
        return self.code is not None and (self.code == LAST_DEFENCE or (self.code < 0 and not self.signalled))

    @property
    def tail(self) -> list[str]:
        """The last three lines printed."""
        lines = [line for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        return lines[-3:]


@dataclass(frozen=True)
class Verdict:
    """A case with its outcome in a word, what is wrong with it, and the files changed that are nobody's output."""

    name: str
    command: str
    kind: str
    wrong: tuple[str, ...]
    changed: tuple[str, ...]
    traced: bool
    seconds: float
    tail: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not (self.wrong or self.changed or self.traced or self.kind == "hang")


def outcome(case: Case, ended: Ended) -> str:
    """The outcome; a command whose reader has left may end in silence with any code, once its result is written."""
    left = case.around.stdout == "head" and ended.code in SILENT and not ended.err.strip()
    return RESULT if left else ended.kind


def complaints(case: Case, folder: Path, ended: Ended) -> list[str]:
    """What is wrong with the outcome, besides a traceback, a hang and changed files."""
    found = []
    kind = outcome(case, ended)
    if kind not in case.allowed and kind != "hang":
        found.append(f"ended as {kind}, allowed: {' or '.join(case.allowed)}")
    if kind == REFUSED and not (one_sentence(ended.err) or usage(ended.out + ended.err)):
        found.append("exit 2 without one sentence that starts with 'invprior: '")
    said = "invprior: " in ended.err or "laws are broken" in ended.out
    if kind not in (RESULT, REFUSED, INTERRUPTED, "hang") and not said and not ended.traced:
        found.append("no sentence")
    if kind == RESULT:
        found += [said for name, size in case.gives.items() for said in file_faults(folder / name, size)]
    return found


def one_sentence(err: str) -> bool:
    """True if exactly one line of stderr is the command's, it is the last one, and it has at least four words."""
    lines = [line for line in err.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("invprior: ")]
    return len(said) == 1 and lines[-1] == said[0] and len(said[0].split()) >= 5


def usage(printed: str) -> bool:
    """True if the parser of options refused the words with one boxed sentence, or showed its help for none."""
    return len(re.findall(r"^╭─ (Error|Commands)", printed, re.MULTILINE)) == 1


def file_faults(path: Path, size: tuple[int, int] | None) -> list[str]:
    """What is wrong with a file that was written: a picture must be there, finite and of this width and height."""
    if not path.is_file() or not path.stat().st_size:
        return [f"{path.name} was not written"]
    if size is None:
        return []
    try:
        image = pyvips.Image.new_from_buffer(path.read_bytes(), "")
        values = image.numpy()
    except pyvips.Error:
        return [f"{path.name} cannot be read"]
    found = [] if (image.width, image.height) == size else [f"{path.name} is {image.width}x{image.height}, not {size}"]
    return found if np.isfinite(np.asarray(values, float)).all() else [*found, f"{path.name} is not finite"]


def counts(verdicts: list[Verdict]) -> Mapping[str, int]:
    """The closing count."""
    return {
        "clear sentences": sum(v.good and v.kind != RESULT for v in verdicts),
        "results": sum(v.good and v.kind == RESULT for v in verdicts),
        "not as allowed": sum(bool(v.wrong) for v in verdicts),
        "tracebacks": sum(v.traced for v in verdicts),
        "hangs": sum(v.kind == "hang" for v in verdicts),
        "files changed that are nobody's output": sum(len(v.changed) for v in verdicts),
    }
