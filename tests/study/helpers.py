"""Small pictures in files, and workers that need no process."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invprior.study.cell import CellJob, CellOutcome, execute
from invprior.study.workers import Workers
from tests.helpers import photograph

NAMES = ("chelsea", "coffee", "astronaut")


def pictures(folder: Path, n: int = 2, size: int = 24) -> list[Path]:
    """PNGs of crops of photographs."""
    paths = []
    for name in NAMES[:n]:
        pixels = np.rint(photograph(f"{name}.png", size, 100, 170).numpy().transpose(1, 2, 0) * 255)
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    return paths


class Here(Workers):
    """Runs every job at once in this process, and remembers which."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def slots(self) -> list[str]:
        return ["cpu"]

    def submit(self, job: CellJob, slot: str) -> Future[CellOutcome]:
        self.done.append(str(job.cell))
        future: Future[CellOutcome] = Future()
        future.set_result(execute(job, "cpu", 1))
        return future

    def close(self, kill: bool) -> None:
        pass

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Make every study run here."""
        patch.setattr("invprior.study.comparison.workers", lambda jobs, device, cluster, threads: nullcontext(self))
