"""What is done beside a solve, in a small part of its time."""

from __future__ import annotations

import time
from collections.abc import Callable

# A twentieth of the time: so many times as long as it took passes before it is done again.
REST = 20


class Pace:
    """Does something in at most a twentieth of the time, and at most once in a pause.

    Parameters
    ----------
    pause
        Seconds between two times.
    first
        Seconds until the first time.
    """

    def __init__(self, pause: float, first: float = 0.0) -> None:
        self.pause, self._due = pause, time.perf_counter() + first if first else 0.0

    def run(self, do: Callable[[], object]) -> None:
        """Do it if it is due."""
        begin = time.perf_counter()
        if begin < self._due:
            return
        do()
        now = time.perf_counter()
        self._due = now + max(self.pause, REST * (now - begin))
