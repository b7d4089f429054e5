"""Objects of a caller's on their way to worker processes, and the marks by which they are recognised."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle

from invprior.errors import InvpriorError
from invprior.failure import called


@dataclass(frozen=True, eq=False)
class Sent:
    """An object as bytes that any process can read which has the same packages.

    Attributes
    ----------
    what
        What it is called in messages, such as ``method 'ours'``.
    """

    what: str
    content: bytes

    @classmethod
    def of(cls, what: str, target: object) -> Sent:
        """Pickle an object, functions of a script or a notebook included.

        Raises
        ------
        InvpriorError
            If it holds something that no other process can be given, such as an open file.
        """
        try:
            return cls(what, cloudpickle.dumps(target))
        except Exception as error:
            raise InvpriorError(
                f"{what} cannot be sent to worker processes ({type(error).__name__}: {_line(error)}); put it into a "
                "module and give it as module:name"
            ) from error

    def loaded(self) -> Any:
        """The object, in this process."""
        return called(f"load {self.what} in a worker process", lambda: cloudpickle.loads(self.content))

    @property
    def mark(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def file_mark(path: Path) -> str:
    """Hash of the bytes of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_mark(target: object) -> list[str]:
    """Hash of the file that holds the code of a function, a class or an object; of its text in a notebook.

    Nothing for code of this package and of compiled modules.
    """
    while isinstance(target, partial):
        target = target.func
    code: Any = target if inspect.isroutine(target) or inspect.isclass(target) else type(target)
    if str(getattr(code, "__module__", "")).split(".")[0] == "invprior":
        return []
    path = source_file(code)
    if path is not None:
        return [file_mark(path)]
    try:
        return [hashlib.sha256(inspect.getsource(code).encode()).hexdigest()]
    except (OSError, TypeError):
        return []


def source_file(code: Any) -> Path | None:
    """The file that holds the source of a function, class or module; None if there is none."""
    try:
        name = inspect.getsourcefile(code)
    except TypeError:
        return None
    return Path(name).resolve() if name is not None and Path(name).is_file() else None


def bare(target: object) -> bool:
    """True for a function that is its code alone: it holds no values of the place where it was made."""
    return inspect.isfunction(target) and target.__closure__ is None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
