"""What a failure is called towards a user."""

from __future__ import annotations

from invprior.errors import InvpriorError

NO_MEMORY = "there is not enough memory for this; take a smaller picture, tiles or another prior"
# torch raises a RuntimeError where the processor's or the graphics card's memory ends, libvips an error of its own.
SIGNS = ("DefaultCPUAllocator", "out of memory", "not enough memory", "can't allocate memory", "Cannot allocate memory")


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
