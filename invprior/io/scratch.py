"""A file for what does not have to lie in memory."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
import weakref
from pathlib import Path

from invprior.errors import InvpriorError

GIGABYTE = 2**30
MAPPED = 2**20  # bytes from which a part is mapped; a mapping takes a file descriptor
# Debian and systemd keep what is large and temporary here: /tmp is often a part of the memory.
LARGE = Path("/var/tmp")


def folder() -> Path:
    """Where large temporary files lie: the folder that TMPDIR names, or else /var/tmp."""
    if "TMPDIR" not in os.environ and os.access(LARGE, os.W_OK):
        return LARGE
    return Path(tempfile.gettempdir())


def free() -> float:
    """Free space there, in GB."""
    return shutil.disk_usage(folder()).free / GIGABYTE


def check_space(gigabytes: float) -> None:
    """Raise if less is free."""
    have = free()
    if gigabytes > have:
        raise InvpriorError(
            f"the tiles that wait take about {gigabytes:.1f} GB of disk, and {folder()} has {have:.1f} GB free; "
            "name a folder with more by the environment variable TMPDIR"
        )


class Scratch:
    """A temporary file in :func:`folder`, without a name: it is gone with the process, however that ends.

    Raises
    ------
    InvpriorError
        If it cannot be created, or in ``write`` if the disk is full.
    """

    def __init__(self) -> None:
        self.folder = folder()
        try:
            self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)  # noqa: SIM115 – it lives as long as its slots
        except OSError as error:
            raise self._failed(error) from error
        weakref.finalize(self, self._file.close)
        self._end = 0
        self.unused: dict[int, list[int]] = {}  # where parts of a size lay that nobody needs any more

    @property
    def gigabytes(self) -> float:
        """The size of the file."""
        return self._end / GIGABYTE

    def write(self, data: memoryview) -> Slot:
        """Keep these bytes for as long as the slot is referred to."""
        size = -(-len(data) // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        unused = self.unused.get(size)
        offset = unused.pop() if unused else self._end
        self._end = max(self._end, offset + size)
        slot = Slot(self, offset, len(data), size)
        done = 0
        try:
            while done < len(data):  # a call writes 2 GB at most
                done += os.pwrite(self._file.fileno(), data[done:], offset + done)
            if offset + size == self._end:
                os.truncate(self._file.fileno(), self._end)
        except OSError as error:
            raise self._failed(error) from error
        return slot

    def mapped(self, slot: Slot) -> mmap.mmap:
        """The bytes of a slot, brought into memory as they are used; changes stay in memory."""
        return mmap.mmap(self._file.fileno(), slot.length, access=mmap.ACCESS_COPY, offset=slot.offset)

    def read_into(self, slot: Slot, data: memoryview) -> None:
        """Copy the bytes of a slot into memory."""
        done = 0
        while done < slot.length:
            done += os.preadv(self._file.fileno(), [data[done:]], slot.offset + done)

    def _failed(self, error: OSError) -> InvpriorError:
        return InvpriorError(
            f"cannot write a temporary file in {self.folder}: {error.strerror or error}; name another folder by the "
            "environment variable TMPDIR"
        )


class Slot:
    """A part of a :class:`Scratch`; its place is free again once nothing refers to it."""

    def __init__(self, scratch: Scratch, offset: int, length: int, size: int) -> None:
        self.scratch, self.offset, self.length, self._size = scratch, offset, length, size

    def __del__(self) -> None:
        self.scratch.unused.setdefault(self._size, []).append(self.offset)
