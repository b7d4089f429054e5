"""A case as data: what lies in its folder, what is typed, and what may come of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What a command may end with: a result is exit 0; a refusal is exit 2 and one sentence; a failure is exit 1, of a batch
# or a study some of whose parts failed; an interruption is exit 130.
RESULT, REFUSED, FAILED, INTERRUPTED = "result", "refused", "failed", "interrupted"
CODES = {0: RESULT, 1: FAILED, 2: REFUSED, 130: INTERRUPTED}


@dataclass(frozen=True)
class File:
    """A file, folder, link or pipe of a case: what it is in words, and what makes it."""

    says: str
    make: Callable[[Path], object]


@dataclass(frozen=True)
class Surroundings:
    """What a process finds besides its folder.

    Attributes
    ----------
    environment
        Variables to set, or to remove if the value is None.
    file_bytes, memory_bytes
        Limits of the size of a written file (as on a full disk) and of the address space.
    stdout
        ``kept``, ``closed`` from the start, or ``head``: a pipe whose reader leaves at once.
    disk_bytes
        Size of a disk of its own for the folder ``disk``; None for none.
    """

    environment: Mapping[str, str | None] = field(default_factory=dict)
    file_bytes: int | None = None
    memory_bytes: int | None = None
    stdout: str = "kept"
    disk_bytes: int | None = None


@dataclass(frozen=True)
class Case:
    """One command in a folder of its own.

    Attributes
    ----------
    words
        What is typed after ``invprior``; file names are relative to the folder.
    files
        What lies in the folder, made in this order; a name with a slash makes its folders.
    allowed
        How the command may end.
    gives
        The files that a result consists of: pictures with their (width, height), others with None.
    outputs
        Patterns of all names that a command which was not refused may write.
    begun
        Those that even a refused one may leave, since the next run goes on with them.
    fresh
        In a process of its own from the first import on; otherwise in a fork of one that has imported everything.
    slow
        Not in the short part that every run of the tests does.
    """

    name: str
    words: tuple[str, ...]
    files: Mapping[str, File]
    allowed: tuple[str, ...] = (RESULT, REFUSED)
    gives: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)
    seconds: float = 30.0
    fresh: bool = False
    slow: bool = True

    @property
    def command(self) -> str:
        """The command as a line for a shell."""
        return shlex.join(["invprior", *self.words])


def typed(text: str) -> tuple[str, ...]:
    """The words of a line as a shell splits them."""
    return tuple(shlex.split(text))
