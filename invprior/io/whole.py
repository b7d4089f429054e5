"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from invprior.errors import InvpriorError

# Every temporary file and folder bears the program's name, the machine's and the process's, so that what a killed
# process left behind can be told from everything else, and from what a living one is writing.
HOST = re.sub(r"[^A-Za-z0-9]", "", platform.node())[:16] or "here"
OWN = f".invprior-{HOST}-"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path``, of the same suffix; renamed to ``path`` at the end, removed after an error.

    A link is followed: what it leads to is replaced.

    Raises
    ------
    InvpriorError
        If the file cannot be written, for instance on a full disk; the message names ``path``.
    """
    final = Path(os.path.realpath(path))
    with _named(path):
        _tidied(final.parent)
        handle, name = tempfile.mkstemp(dir=final.parent, prefix=f"{OWN}{os.getpid()}-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            mask = os.umask(0)  # a temporary file is private to its owner: give it the mode of a new file
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path``; takes its place at the end, removed after an error.

    Raises
    ------
    InvpriorError
        If it cannot be written; the message names ``path`` and the files in it by their final place.
    """
    with _named(path):
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{OWN}{os.getpid()}-"))
        try:
            yield temporary
            temporary.chmod(0o755)
            if path.exists():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            temporary.replace(path)
        except InvpriorError as error:
            raise InvpriorError(str(error).replace(str(temporary), str(path))) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """A failure to write is told by the name that the user knows."""
    try:
        yield
    except OSError as error:
        raise InvpriorError(f"cannot write {path}: {error.strerror or error}") from error


@cache
def _tidied(folder: Path) -> None:
    """Look for leftovers once for each folder and process: a batch writes thousands of files into one."""
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders of processes of this machine that have died; nothing else."""
    for entry in folder.glob(f"{OWN}*"):
        found = re.fullmatch(rf"{re.escape(OWN)}(\d+)-[a-z0-9_]{{8}}(\.\w+)?", entry.name)
        if found and not _alive(int(found[1])):
            with suppress(OSError):
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def check_place(path: Path) -> None:
    """Raise if no file of this name can be written."""
    try:
        if path.is_dir():
            raise InvpriorError(f"cannot write {path}: it is a folder")
        if path.is_symlink():
            with suppress(FileNotFoundError):  # a link may lead to a file that is not there yet
                path.stat()
            if not Path(os.path.realpath(path)).parent.is_dir():
                raise InvpriorError(f"cannot write {path}: the link leads nowhere")
        if path.exists() and not path.is_file():
            raise InvpriorError(f"cannot write {path}: it is a pipe or a device, which a file would replace")
        if not path.parent.is_dir():
            raise InvpriorError(f"cannot write {path}: the folder {path.parent} does not exist")
        if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise InvpriorError(f"cannot write {path}: permission denied")
    except OSError as error:  # a name that is too long, a folder that cannot be entered
        raise InvpriorError(f"cannot write {path}: {error.strerror}") from error


def check_apart(reads: Mapping[str, Path | None], writes: Mapping[str, Path | None]) -> None:
    """Raise if a file would be written over one that is read, or over another that is written; links are followed.

    Parameters
    ----------
    reads, writes
        The paths by what the user calls them; None is skipped.
    """
    taken = {_real(path): (name, path) for name, path in reads.items() if path is not None}
    for name, path in writes.items():
        if path is None:
            continue
        other = taken.get(_real(path))
        if other is not None:
            what = "its own input" if other[0] in ("IN", "FLASH") else other[0]
            raise InvpriorError(f"{name} {path} would be written over {what} ({other[1]}); give another place")
        taken[_real(path)] = (name, path)


def _real(path: Path) -> tuple[int, int] | str:
    """What a path leads to: one file by its number, whatever its names; one that is not there yet by its place."""
    try:
        status = path.stat()
        return status.st_dev, status.st_ino
    except OSError:
        return os.path.realpath(path)
