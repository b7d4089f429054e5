"""A picture of the estimate during the solve."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture, write
from invprior.solvers.iterate import Iterate

PAUSE = 2.0  # minimum seconds between two pictures


class Preview:
    """A callback that writes the estimate to a file every two seconds or more, in at most a twentieth of the time.

    Parameters
    ----------
    path
        The file, replaced as a whole each time.
    finish
        Makes the picture to write from the estimate.
    """

    def __init__(self, path: Path, finish: Callable[[Tensor], Picture]) -> None:
        self.path, self.finish = path, finish
        self._due = 0.0

    def _write(self, picture: Picture) -> None:
        """Write the picture; a preview that cannot be written is given up, and the solve goes on."""
        try:
            write(self.path, picture)
        except (InvpriorError, OSError) as error:
            print(f"invprior: no more previews: {error}", file=sys.stderr)
            self._due = math.inf

    def __call__(self, iterate: Iterate) -> None:
        begin = time.perf_counter()
        if begin < self._due:
            return
        self._write(self.finish(iterate.x))
        now = time.perf_counter()
        self._due = max(self._due, now + max(PAUSE, 20 * (now - begin)))
