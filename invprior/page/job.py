"""A job: a command in a process of its own, and the files that it writes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from invprior.page.form import Form
from invprior.page.store import save_json

QUEUED, RUNNING, DONE, STOPPED, CANCELLED, FAILED = "queued", "running", "done", "stopped", "cancelled", "failed"
ENDED = (DONE, STOPPED, CANCELLED, FAILED)
# What a job keeps in its own folder.
RECORD, CHECKPOINT, LOG, MOMENTS, JOURNAL = "record.json", "checkpoint", "log.txt", "moments", "journal.jsonl"
# The record of what was kept before a job went on.
BEFORE = "record-before.json"
# Bytes at the end of a journal that hold its last lines.
TAIL = 4096
# A moment's file is named by the seconds and the iteration.
MOMENT = re.compile(r"(\d+\.\d+)-(\d+)\.jpg")


@dataclass(frozen=True)
class Job:
    """What is done to a picture, and how far it is.

    Attributes
    ----------
    command
        The command line as a user types it, with the files of the page.
    out
        The file that it writes, in the user's folder.
    name
        The name of the picture.
    """

    id: str
    number: int
    form: Form
    command: tuple[str, ...]
    out: str
    name: str
    state: str = QUEUED

    def saved(self) -> dict[str, Any]:
        return {**asdict(self), "command": list(self.command)}

    @classmethod
    def loaded(cls, values: Mapping[str, Any]) -> Job:
        return cls(**{**values, "form": Form(**values["form"]), "command": tuple(values["command"])})


class Desk:
    """The folder of one job, and its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def save(self, job: Job) -> None:
        self.folder.mkdir(exist_ok=True)
        save_json(self.folder / "job.json", job.saved())

    def start(self, words: Sequence[str]) -> None:
        """Run a command; it goes on if the server ends.

        The process holds a lock on a file for as long as it lives, by which another server knows.
        """
        (self.folder / MOMENTS).mkdir(exist_ok=True)
        if (self.folder / RECORD).exists():
            (self.folder / RECORD).replace(self.folder / BEFORE)
        with (self.folder / "alive").open("w") as lock, (self.folder / LOG).open("wb") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
            lock.write(str(self._process.pid))

    @property
    def alive(self) -> bool:
        """True while the process lives, whoever started it."""
        if self._process is not None:
            self._process.poll()
        try:
            with (self.folder / "alive").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        with suppress(OSError, ValueError):
            if self.alive:
                os.killpg(int((self.folder / "alive").read_text()), number)

    def fall_back(self) -> bool:
        """Return to what was kept before the job went on; False if there is nothing of that kind."""
        if (self.folder / BEFORE).exists() and not (self.folder / RECORD).exists():
            (self.folder / BEFORE).replace(self.folder / RECORD)
        return (self.folder / RECORD).exists()

    def outcome(self) -> str:
        """How the job ended, from what its process left behind."""
        record = self.record()
        if record is None:
            return STOPPED if (self.folder / CHECKPOINT).exists() or self.fall_back() else FAILED
        return STOPPED if record.get("status") == "interrupted" else DONE

    def record(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def last(self) -> dict[str, Any]:
        """The last whole line of the journal; empty if there is none. Only its end is read: it grows for hours."""
        try:
            with (self.folder / MOMENTS / JOURNAL).open("rb") as file:
                file.seek(-min(TAIL, os.fstat(file.fileno()).st_size), os.SEEK_END)
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return {}
        for line in reversed(lines):
            with suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    return found
        return {}

    def journal(self) -> list[dict[str, Any]]:
        """The lines of the journal, without one that is being written."""
        try:
            text = (self.folder / MOMENTS / JOURNAL).read_text(encoding="utf-8")
        except OSError:
            return []
        found = []
        for line in text.splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def moments(self) -> list[dict[str, Any]]:
        """The moments that there are, in order: their file, iteration and seconds."""
        found = []
        for path in sorted((self.folder / MOMENTS).glob("*.jpg")):
            named = MOMENT.fullmatch(path.name)
            if named:
                found.append({"name": path.name, "seconds": float(named[1]), "iteration": int(named[2])})
        return found

    def sentences(self) -> list[str]:
        """What the command said."""
        try:
            text = (self.folder / LOG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines() if line.strip()][-12:]

    def mark(self) -> tuple[Any, ...]:
        """Changes whenever there is something new to tell."""
        places = (self.folder / MOMENTS, self.folder / MOMENTS / JOURNAL, self.folder / LOG, self.folder / RECORD)
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in places)


def with_state(job: Job, state: str) -> Job:
    """The job in another state."""
    return replace(job, state=state)
