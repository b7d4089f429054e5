"""What the page asks of the command line, which alone knows its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from invprior.page.form import Form


@dataclass(frozen=True)
class Files:
    """The files of a form."""

    picture: Path
    out: Path
    mask: Path | None
    psf: Path | None
    flash: Path | None


class Commands(Protocol):
    """Makes command lines of forms; only the command line knows its options."""

    def typed(self, form: Form, files: Files) -> list[str]:
        """The command as a user types it."""

    def watched(self, typed: Sequence[str], moments: Path, checkpoint: Path, record: Path) -> list[str]:
        """The words of a process for a typed command, with the files that the page reads."""

    def planned(self, typed: Sequence[str]) -> list[str]:
        """The words of a process that says what a typed command would take."""

    def exported(self, typed: Sequence[str], chosen: Choice, out: Path, checkpoint: Path) -> list[str]:
        """The words of a process that writes a finished solve once more, in another way."""


@dataclass(frozen=True)
class Choice:
    """How a result is written once more: bits a value, as text or empty, and strength."""

    depth: str
    strength: float
