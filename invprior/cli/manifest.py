"""What a batch has done, so that it can be taken up again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from invprior.cli.restore import Restoration
from invprior.io.lock import held_file
from invprior.runs.record import finite

NAME = "manifest.jsonl"

# The settings that decide what a picture becomes.
DECISIVE = ("prior", "sigma", "noise", "weight", "preset", "iterations", "seed")


@dataclass(frozen=True)
class Line:
    """A picture that was begun, or with a record finished.

    Attributes
    ----------
    output
        Its place in the folder of the manifest.
    key
        Of the bytes of the input and all settings that decide what it becomes.
    """

    output: str
    key: str
    record: dict[str, Any] | None


class Manifest:
    """``manifest.jsonl``: a line when a picture is begun and one when it is finished; the last one counts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.lines: dict[str, Line] = {}
        if self.path.is_file():
            for text in self.path.read_text(encoding="utf-8").splitlines():
                line = _line(text)
                if line is not None:
                    self.lines[line.output] = line

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, and keep every other batch out of it.

        Raises
        ------
        InvpriorError
            If it cannot be written, or another process writes into it.
        """
        with held_file(self.path) as file:
            file.seek(0)
            text = file.read()
            if text and not text.endswith("\n"):  # of a process that was killed
                file.write("\n")
            self._file = file
            yield

    def note(self, line: Line) -> None:
        """Add a line, on the disk when this returns."""
        text = {"output": line.output, "key": line.key, "record": finite(line.record)}
        self._file.write(json.dumps(text, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines[line.output] = line


def _line(text: str) -> Line | None:
    try:
        read = json.loads(text)
        return Line(read["output"], read["key"], read["record"])
    except (ValueError, KeyError, TypeError):  # torn
        return None


def fingerprint(restoration: Restoration) -> str:
    """Task, files of the task by their bytes, and settings."""
    task = restoration.task
    told = [f"{f.name}={_value(getattr(task, f.name))}" for f in fields(task)]  # type: ignore[arg-type]
    told += [f"{name}={getattr(restoration.settings, name)}" for name in DECISIVE]
    return " ".join([task.name, *told, f"tile={restoration.tile}"])


def key(source: Path, fingerprint: str) -> str:
    """Of the bytes of a picture and what is done with it."""
    return hashlib.sha256(f"{_value(source)} {fingerprint}".encode()).hexdigest()


def _value(value: Any) -> str:
    return hashlib.sha256(value.read_bytes()).hexdigest() if isinstance(value, Path) else repr(value)
