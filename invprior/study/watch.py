"""PSNR during a solve, not counted in the solve's time."""

from __future__ import annotations

import time
from collections.abc import Callable

from torch import Tensor

from invprior.metrics import psnr
from invprior.solvers.iterate import Iterate

DENSE = 10  # the first iterations, all scored: a convex solve may need few
EVERY = 10  # for a method that does not say how often


class Watch:
    """A callback that notes the PSNR of the estimate; the solve never sees it.

    Attributes
    ----------
    curve
        Rows ``(iteration, seconds, psnr)``, the seconds without scoring.
    spent
        Seconds spent on scoring so far.
    """

    def __init__(self, truth: Tensor) -> None:
        self.truth = truth
        self.curve: list[tuple[int, float, float]] = []
        self.spent = 0.0
        self._seconds: list[float] = []

    def __call__(self, iterate: Iterate) -> None:
        self.note(iterate.seconds, iterate.solver.log_every, lambda: iterate.x)

    def note(self, seconds: float, every: int, estimate: Callable[[], Tensor]) -> None:
        """Note an iteration that ended ``seconds`` after the start, scoring included; most are not scored."""
        now = seconds - self.spent
        self._seconds.append(now)
        iteration = len(self._seconds)
        if iteration > DENSE and iteration % every:
            return
        begin = time.perf_counter()
        self.curve.append((iteration, now, psnr(estimate().clamp(0, 1), self.truth)))
        self.spent += time.perf_counter() - begin

    @property
    def iterations(self) -> int:
        """The number of iterations so far."""
        return len(self._seconds)

    def seconds(self, iteration: int) -> float:
        """Time in seconds, without scoring, at which an iteration was finished."""
        return self._seconds[iteration - 1]
