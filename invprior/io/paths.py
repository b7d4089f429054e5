"""Paths that a caller gives: each is a name of the file system, and what is read is a regular file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from invprior.errors import InvpriorError


def as_path(path: object) -> Path:
    """The path as a ``Path``.

    Raises
    ------
    InvpriorError
        If it is neither text nor a path, or no file can have this name.
    """
    if not isinstance(path, str | os.PathLike):
        raise InvpriorError(f"a path is text or a pathlib.Path, got {type(path).__name__}")
    text = os.fsdecode(path)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        raise InvpriorError(f"the path {text!r} holds characters that no file name can hold; rename the file") from None
    if b"\0" in encoded:
        raise InvpriorError(f"the path {text!r} holds a null character, which no file name can hold")
    return Path(text)


def check_regular(path: Path) -> None:
    """Raise unless ``path`` is a regular file: a pipe or a device would be waited for, perhaps for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if str(path) == "-":
            raise InvpriorError("pictures are not read from standard input; write it to a file and give that") from None
        raise InvpriorError(f"{path} does not exist") from None
    except OSError as error:  # a name that is too long, a folder that cannot be entered
        raise InvpriorError(f"cannot read {path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InvpriorError(f"{path} is a folder, not a picture")
    if not stat.S_ISREG(mode):
        raise InvpriorError(f"{path} is not a regular file; write what it gives to a file and give that")
