"""The manifest of a batch: what has been done, so that the batch can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.cli.restore import PictureJob
from invprior.errors import InvpriorError
from invprior.io.lock import held_file
from invprior.runs.record import VERSION, finite

NAME = "manifest.jsonl"


@dataclass(frozen=True)
class Line:
    """A picture of the batch: finished if it has a record, else begun.

    Attributes
    ----------
    output
        Path of the result, relative to the manifest's folder.
    key
        Hash of the bytes of the input and of all settings that determine the result.
    content
        Hash of the bytes of the result, when it was written.
    version
        Version of the format of keys and records.
    """

    output: str
    key: str
    record: dict[str, Any] | None
    content: str | None = None
    version: int = VERSION


class Manifest:
    """``manifest.jsonl``: one line when a picture is begun and one when it is finished; the last counts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.lines: dict[str, Line] = {}
        if not self.path.is_file():
            return
        for text in self.path.read_bytes().decode("utf-8", "replace").split("\n"):
            line = _line(text)
            if line is not None:
                self.lines[line.output] = line

    def check_version(self) -> None:
        """Raise if a picture was begun by a version with another format of keys and records."""
        if any(line.version != VERSION for line in self.lines.values()):
            raise InvpriorError(
                f"{self.path.parent} holds a batch of another version of invprior, which is not touched; give another "
                "OUT, or restore all pictures again with --overwrite"
            )

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder and lock it against other batches.

        Raises
        ------
        InvpriorError
            If it cannot be written, or another process writes into it.
        """
        with held_file(self.path) as file:
            file.seek(0)
            text = file.read()
            if text and not text.endswith("\n"):  # a killed process left its last line unfinished
                file.write("\n")
            self._file = file
            yield

    def note(self, line: Line) -> None:
        """Append a line; it is on disk when this returns.

        Raises
        ------
        InvpriorError
            If it cannot be written, for instance on a full disk.
        """
        try:
            self._file.write(json.dumps({**vars(line), "record": finite(line.record)}, allow_nan=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise InvpriorError(
                f"cannot write {self.path}: {error.strerror}; finished pictures are kept, run the command again to "
                "resume"
            ) from error
        self.lines[line.output] = line


def _line(text: str) -> Line | None:
    try:
        read = json.loads(text)
        line = Line(read["output"], read["key"], read["record"], read.get("content"), read.get("version", 1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # an unfinished line
        return None
    texts = isinstance(line.output, str) and isinstance(line.key, str) and isinstance(line.content, str | None)
    return line if texts and isinstance(line.record, dict | None) else None


def fingerprint(job: PictureJob) -> str:
    """The task, its files by their values, and the options that determine the result."""
    task, asked = job.task, job.request
    parts = [f"{f.name}={_value(getattr(task, f.name))}" for f in fields(task)]  # type: ignore[arg-type]
    return " ".join(
        [
            task.name,
            *parts,
            repr(asked.prior),
            repr(asked.noise),
            repr(asked.restoration),
            f"strength {asked.strength:g}",
            *(f"{name} {given}" for name, given in (("depth", asked.depth), ("quality", asked.quality)) if given),
        ]
    )


def key(source: Path, fingerprint: str) -> str:
    """Hash of the bytes of a picture and of what is done with it."""
    return hashlib.sha256(f"{content(source)} {fingerprint}".encode()).hexdigest()


def content(path: Path) -> str:
    """Hash of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _value(value: Any) -> str:
    if not isinstance(value, Tensor):
        return repr(value)
    return f"{tuple(value.shape)} {hashlib.sha256(value.numpy().tobytes()).hexdigest()}"
