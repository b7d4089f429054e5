"""The progress bar, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from invprior.iterate import Iterate
from invprior.loop import Callback
from invprior.status import Status
from invprior.stop import GO_ON, StopRule, Verdict

REFRESH = 0.2  # seconds between two readings of the objective


@contextmanager
def bar(title: str, total: int | None, quiet: bool) -> Iterator[Callback]:
    """A callback that shows iteration, objective, elapsed time and the time left at the recent speed."""
    if quiet or not sys.stderr.isatty():
        yield lambda iterate: None
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
        task = progress.add_task(title, total=total, value="")
        last = 0.0

        def show(iterate: Iterate) -> None:
            nonlocal last
            now = time.perf_counter()
            if now - last >= REFRESH:
                last = now
                progress.update(task, completed=iterate.iteration, value=f"objective {iterate.value:.6g}")

        yield show


@dataclass(frozen=True)
class InterruptRule(StopRule):
    """Stops once the flag is set."""

    flag: list[bool]

    def __repr__(self) -> str:
        return "Ctrl-C"

    def update(self, memory: Any, iterate: Iterate) -> tuple[Any, Verdict]:
        if not self.flag:
            return None, GO_ON
        return None, Verdict(Status("interrupted", "stopped by Ctrl-C; the best so far was kept"))


class Interrupt:
    """While entered, the first Ctrl-C asks to stop after this iteration; the second one interrupts at once."""

    def __init__(self) -> None:
        self.flag: list[bool] = []
        self.rule = InterruptRule(self.flag)

    def __enter__(self) -> Interrupt:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.flag:
            raise KeyboardInterrupt
        self.flag.append(True)

    def __exit__(self, *exception: object) -> None:
        signal.signal(signal.SIGINT, self._before)
