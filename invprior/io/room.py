"""The memory that a picture needs once it is decoded."""

from __future__ import annotations

from pathlib import Path

import invprior.machine as machine
from invprior.errors import InvpriorError


def check_room(path: Path, width: int, height: int, bands: int, item: int) -> None:
    """Raise if a picture that its header says to be so large does not fit into memory; ``item`` bytes are one value."""
    # the values of the file, the same as float32, and what is made of them
    need, have = float(width) * height * bands * (item + 8), machine.memory() * machine.GIGABYTE
    if need > have:
        raise InvpriorError(
            f"{path} says it holds {width}×{height} pixels, which take {need / 2**30:.0f} GB of memory, and there are "
            f"{have / 2**30:.0f}; cut it into parts"
        )
