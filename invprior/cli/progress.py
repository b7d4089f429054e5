"""The progress bar, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from invprior.cli.words import spoken
from invprior.runs.forecast import Forecast
from invprior.runs.pacing import Pace
from invprior.runs.restoration import Watch
from invprior.solvers.iterate import Iterate
from invprior.solvers.loop import Callback, StepDropped
from invprior.stop import GO_ON, IterateLike, StopRule, Verdict
from invprior.stop.base import INTERRUPTED, Status

FIRST, LEAST = 10.0, 60.0  # seconds until a line about the time left, and seconds left that are worth one
ALIKE = 20  # iterations after which those of several solves side by side are alike: short members go first
SLOW = 1.0  # seconds of a step that Ctrl-C does not wait for
STOPPED = Status(INTERRUPTED, "stopped by Ctrl-C; the best so far was kept")
REFRESH = 0.2  # minimum seconds between two evaluations of the objective


def watched(title: str, quiet: bool, journal: Callable[[StopRule], Callback] | None = None) -> Watch:
    """A progress bar; Ctrl-C ends the solve after the current iteration and keeps the best estimate.

    ``journal`` gives what else is told of every iterate, from the stop rule.
    """

    @contextmanager
    def watch(stop: StopRule) -> Iterator[tuple[Callback, StopRule]]:
        with Interrupt() as interrupt, bar(title, stop, quiet) as callback:
            also = None if journal is None else journal(stop)

            def both(iterate: Iterate) -> None:
                callback(iterate)
                if also is not None:
                    also(iterate)

            yield interrupt.timing(both), interrupt.rule

    return watch


@contextmanager
def bar(title: str, stop: StopRule, quiet: bool) -> Iterator[Callback]:
    """A callback that shows iteration, objective, elapsed time and the time left at the recent speed.

    Without a terminal it prints :class:`Lines`.
    """
    if quiet:
        yield lambda iterate: None
        return
    if not sys.stderr.isatty():
        yield Lines(title, stop).show
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[value]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=10, transient=True) as progress:
        task = progress.add_task(title, total=stop.most, value="")
        forecast = Forecast(stop)
        pace = Pace(REFRESH)  # the objective of a large picture is slow to evaluate

        def show(iterate: Iterate) -> None:
            forecast.note(iterate)
            progress.update(task, completed=iterate.iteration, total=forecast.total)
            pace.run(lambda: progress.update(task, value=f"objective {iterate.value:.6g}"))

        yield show


class Lines:
    """Prints the time left of a long solve: after ten seconds, and whenever the time has doubled."""

    def __init__(self, title: str, stop: StopRule) -> None:
        self._title, self._forecast, self._due = title, Forecast(stop), FIRST

    def show(self, iterate: Iterate) -> None:
        self._forecast.note(iterate)
        unlike = iterate.solver.of_parts and iterate.iteration < ALIKE
        if iterate.seconds < self._due or self._forecast.total is None or unlike:
            return
        self._due = 2 * iterate.seconds
        done, most = iterate.iteration, self._forecast.total
        left = (most - done) * iterate.seconds / done
        if left >= LEAST:
            print(f"{self._title}: iteration {done} of at most {most}, {spoken(left)} left at most", file=sys.stderr)


@dataclass(frozen=True)
class InterruptRule(StopRule):
    """Stops once the flag is set."""

    flag: list[bool]

    def __repr__(self) -> str:
        return "Ctrl-C"

    def update(self, memory: Any, iterate: IterateLike) -> tuple[Any, Verdict]:
        if not self.flag:
            return None, GO_ON
        return None, Verdict(STOPPED)


class Interrupt:
    """Within this context the first Ctrl-C ends the solve and keeps the best so far, the second drops it.

    A quick step is finished first; a slow one is dropped, so that the end comes at once.
    """

    def __init__(self) -> None:
        self.flag: list[bool] = []
        self.rule = InterruptRule(self.flag)
        self._begun = self._last = 0.0

    def __enter__(self) -> Interrupt:
        self._before = signal.signal(signal.SIGINT, self._note)
        self._begun = time.monotonic()
        return self

    def timing(self, callback: Callback) -> Callback:
        """The callback, which notes the time that each step took before."""

        def noted(iterate: Iterate) -> object:
            now = time.monotonic()
            self._begun, self._last = now, now - self._begun
            return callback(iterate)

        return noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.flag:
            raise KeyboardInterrupt
        self.flag.append(True)
        if max(self._last, time.monotonic() - self._begun) > SLOW:
            print("invprior: stopping; again to drop what there is", file=sys.stderr)
            raise StepDropped(STOPPED)

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        signal.signal(signal.SIGINT, self._before)
        if kind is StepDropped:  # before the first step, or beside the loop
            raise KeyboardInterrupt
