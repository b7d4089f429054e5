"""The eight orientations of EXIF, as turns of arrays (H, W, ...)."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def upright(stored: Array, orientation: int) -> Array:
    """The picture as it is to be seen, a view of the stored one."""
    turned = stored.swapaxes(0, 1) if orientation >= 5 else stored
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return turned[rows, columns]


def stored(seen: Array, orientation: int) -> Array:
    """Undo :func:`upright`."""
    # all are their own inverse but the two quarter turns, which undo each other
    return upright(seen, {6: 8, 8: 6}.get(orientation, orientation))
