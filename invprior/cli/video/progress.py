"""A progress bar that counts frames."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from invprior.runs.forecast import Forecast
from invprior.solvers.iterate import Iterate
from invprior.stop import StopRule


class Pace:
    """Predicts the time left from the previous window and the progress of the current one.

    It takes the previous window and not the mean of all, since the first window of a warm-started prior takes several
    times as long as the rest.
    """

    def __init__(self, frames: int, done: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self.frames, self.done = frames, done
        self._clock = clock
        self._frame: float | None = None  # seconds per frame in the previous window
        self._begin = clock()
        self._share = 0.0
        self._size = 0

    def window(self, size: int) -> None:
        """Begin a window that keeps ``size`` frames."""
        self._begin, self._size, self._share = self._clock(), size, 0.0

    def within(self, share: float) -> None:
        """Note the share of the window's work that is done."""
        self._share = min(max(share, self._share), 1.0)

    def finished(self) -> None:
        """End the window."""
        self._frame = (self._clock() - self._begin) / self._size
        self.done += self._size
        self._size, self._share = 0, 0.0

    @property
    def position(self) -> float:
        """Frames done, including the share of the current window."""
        return self.done + self._share * self._size

    @property
    def left(self) -> float | None:
        """Seconds to the end; None before any progress."""
        spent = self._clock() - self._begin
        frame = self._frame
        if frame is None:
            if self._share == 0:
                return None
            frame = spent / self._share / self._size
        rest = frame * (self.frames - self.done)
        # a window slower than the last still needs its remaining share
        return max(rest - spent, (1 - self._share) * frame * self._size, 0.0) if self._size else rest


class FilmBar:
    """The progress bar of the loop over windows."""

    def __init__(self, pace: Pace, show: Callable[[], None]) -> None:
        self._pace, self._show = pace, show
        self._forecast: Forecast | None = None

    def window(self, size: int) -> None:
        self._pace.window(size)
        self._show()

    def solving(self, stop: StopRule) -> None:
        """Begin the solve of the window."""
        self._forecast = Forecast(stop)

    def iteration(self, iterate: Iterate) -> None:
        """Update the bar; a callback of the solve."""
        if self._forecast is not None:
            self._forecast.note(iterate)
            if self._forecast.total:
                self._pace.within(iterate.iteration / self._forecast.total)
        self._show()

    def finished(self) -> None:
        self._pace.finished()
        self._show()


@contextmanager
def film_bar(title: str, frames: int, done: int, quiet: bool) -> Iterator[FilmBar]:
    """A bar of frames done, elapsed time and time left, shown on a terminal only."""
    pace = Pace(frames, done)
    if quiet or not sys.stderr.isatty():
        yield FilmBar(pace, lambda: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[frames]} frames"),
        TimeElapsedColumn(),
        TextColumn("left {task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=frames, frames=f"{done}/{frames}", left="-")

        def show() -> None:
            progress.update(
                task, completed=pace.position, frames=f"{int(pace.position)}/{frames}", left=clock_time(pace.left)
            )

        yield FilmBar(pace, show)


def clock_time(seconds: float | None) -> str:
    """Seconds as hours, minutes and seconds."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
