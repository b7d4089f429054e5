"""Runs a case: makes its folder, starts its command, and judges what is there afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.faults.case import REFUSED, Case, File, Surroundings
from tests.faults.judge import Ended, Verdict, complaints, outcome
from tests.faults.nursery import Nursery
from tests.faults.snapshot import changed, snapshot


def made(folder: Path, files: Mapping[str, File]) -> None:
    """Make the files of a case."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        file.make(path)


def start(
    words: tuple[str, ...],
    folder: Path,
    log: Path,
    around: Surroundings | None = None,
    *,
    fresh: bool = False,
    after: float = 0.0,
    kill: tuple[int, float] | None = None,
) -> dict[str, Any]:
    """A start for the nursery: a command in a folder, when to start it, and when to send it which signal."""
    around = around or Surroundings()
    return {
        "words": list(words),
        "folder": str(folder),
        "log": str(log),
        "environment": dict(around.environment),
        "file_bytes": around.file_bytes,
        "memory_bytes": around.memory_bytes,
        "stdout": around.stdout,
        "fresh": fresh,
        "after": after,
        "kill": kill,
    }


def run(nursery: Nursery, starts: list[dict[str, Any]], seconds: float) -> list[Ended]:
    """Run commands side by side and collect what they printed."""
    answers = nursery.run(starts, seconds)
    return [
        Ended(**answer, out=_text(s["log"], "out"), err=_text(s["log"], "err"))
        for s, answer in zip(starts, answers, strict=True)
    ]


def _text(log: str, stream: str) -> str:
    path = Path(f"{log}.{stream}")
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def perform(case: Case, nursery: Nursery, place: Path) -> Verdict:
    """Run a case in the folder ``place``."""
    folder = place / "folder"
    with disk(folder / "disk", case.around.disk_bytes):
        made(folder, case.files)
        before = snapshot(folder)
        (ended,) = run(nursery, [start(case.words, folder, place / "log", case.around, fresh=case.fresh)], case.seconds)
        outputs = case.begun if ended.kind == REFUSED else (*case.begun, *case.outputs, *case.gives)
        return Verdict(
            name=case.name,
            command=case.command,
            kind=outcome(case, ended),
            wrong=tuple(complaints(case, folder, ended)),
            changed=tuple(changed(before, snapshot(folder), outputs)),
            traced=ended.traced,
            seconds=ended.seconds,
            tail=tuple(ended.tail),
        )


@cache
def mountable() -> bool:
    """True if this process may mount a disk."""
    with tempfile.TemporaryDirectory() as name:
        words = ["mount", "-t", "tmpfs", "-o", "size=4096", "none", name]
        done = os.geteuid() == 0 and subprocess.run(words, capture_output=True, check=False).returncode == 0
        if done:
            subprocess.run(["umount", name], check=True)
    return done


@contextmanager
def disk(folder: Path, size: int | None) -> Iterator[None]:
    """A disk of this size mounted at the folder, where root may; None for none."""
    if size is None:
        yield
        return
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def removed(folder: Path) -> None:
    """Remove a folder, whatever the rights of what lies in it."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
