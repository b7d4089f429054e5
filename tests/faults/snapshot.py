"""What lies in a folder, and what has changed in it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

Snapshot = dict[str, str]


def snapshot(folder: Path) -> Snapshot:
    """Every entry below the folder with what it is: the hash of a file, the target of a link."""
    found: Snapshot = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder)] = _what(path)
    return found


def _what(path: str) -> str:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return f"link to {os.readlink(path)}"
    if stat.S_ISREG(mode):
        with open(path, "rb") as file:
            return f"file {hashlib.sha256(file.read()).hexdigest()}"
    return "folder" if stat.S_ISDIR(mode) else "other"


def changed(before: Snapshot, after: Snapshot, outputs: Iterable[str]) -> list[str]:
    """Names of entries that are new, gone or different although they are no output, nor match the pattern of one."""
    outputs = tuple(outputs)
    names = [n for n in sorted({*before, *after}) if before.get(n) != after.get(n)]
    return [n for n in names if n not in outputs and not any(fnmatchcase(n, o) for o in outputs)]
