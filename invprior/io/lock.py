"""A lock that keeps two processes from writing into one folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from invprior.errors import InvpriorError


@contextmanager
def held_file(path: Path) -> Iterator[TextIO]:
    """Open a text file to read and append, locked against other processes; its folder is made if missing.

    Raises
    ------
    InvpriorError
        If it cannot be written, or another process holds it.
    """
    with _writing_into(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8", errors="replace")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvpriorError(
                f"another command writes into {path.parent}; wait for it, or give another folder"
            ) from error
        if not _leads_to(path, file):  # the other one has ended meanwhile, and its file with it
            raise InvpriorError(f"another command has just finished with {path.parent}; start again")
        yield file


def _leads_to(path: Path, file: TextIO) -> bool:
    """True if a path leads to an open file, so that another process would meet its lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def make_folders(folder: Path, *names: str) -> None:
    """Make the folders ``names`` below ``folder`` if they are missing.

    Raises
    ------
    InvpriorError
        If one cannot be made, for instance because a file has its name.
    """
    with _writing_into(folder):
        for name in names:
            (folder / name).mkdir(exist_ok=True)


@contextmanager
def _writing_into(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvpriorError(f"cannot write into {folder}: {error.strerror}; give another folder") from error
