"""The memory that a picture needs once it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import invprior.machine as machine
from invprior.errors import InvpriorError

# Values that a temporary holds where a picture is converted: a few megabytes, which a processor's cache holds too.
SLAB = 2**20


def slabs(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture, some at a time: what is made of them is small beside the picture."""
    step = max(1, SLAB // width)
    return (slice(top, top + step) for top in range(0, height, step))


def check_room(path: Path, width: int, height: int, bands: int, item: int) -> None:
    """Raise if a picture that its header says to be so large does not fit into memory; ``item`` bytes are one value."""
    # the values of the file, the same as float32, and what is made of them
    need, have = float(width) * height * bands * (item + 8), machine.memory() * machine.GIGABYTE
    if need > have:
        raise InvpriorError(
            f"{path} says it holds {width}×{height} pixels, which take {need / 2**30:.0f} GB of memory, and there are "
            f"{have / 2**30:.0f}; cut it into parts"
        )
