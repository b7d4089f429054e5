"""What a failure is called towards a user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from invprior.errors import InvpriorError

T = TypeVar("T")

NO_MEMORY = "there is not enough memory for this; take a smaller picture, tiles or another prior"
# torch raises a RuntimeError where the processor's or the graphics card's memory ends, libvips an error of its own.
SIGNS = (
    "DefaultCPUAllocator",
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "Cannot allocate memory",
    "failed to map segment",  # libraries that do not fit below the limit
)


def sentence(error: BaseException) -> str | None:
    """The sentence that tells a user what went wrong; None for a fault of the program."""
    if isinstance(error, InvpriorError):
        return str(error)
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in SIGNS):
        return NO_MEMORY
    if isinstance(error, OSError):
        place = "" if error.filename is None else f" {error.filename}"
        return f"cannot read or write{place}: {error.strerror or error}"
    return None


def called(what: str, code: Callable[[], T]) -> T:
    """Run code of the user's; whatever it raises, an exit of Python included, is a mistake of the request.

    Parameters
    ----------
    what
        What the code is to do, such as ``import a module``.

    Raises
    ------
    InvpriorError
        "cannot ``what``", and why.
    """
    try:
        return code()
    except (InvpriorError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise InvpriorError(f"cannot {what}: {error}; run this from the folder that holds it") from error
    except SystemExit as error:
        raise InvpriorError(f"cannot {what}: it ends Python with exit code {error.code}; take that out") from error
    except BaseException as error:
        raise InvpriorError(f"cannot {what}: {type(error).__name__}: {' '.join(str(error).split())}") from error
