"""A picture measured in a known way, restored as the command line restores it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from invprior.metrics import psnr
from invprior.noise import Noise
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import Task
from invprior.specs import parse_prior
from tests.benchmarks.dip import EIGHT_BIT


@dataclass(frozen=True)
class Outcome:
    """What came out, its score, and the seconds of processor time with those for the weight."""

    x: Tensor
    score: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Case:
    """A degraded picture with its truth; ``rounding`` is the noise of a file of 8 bits."""

    picture: str
    what: str
    task: Task
    y: Tensor
    noise: Noise | Literal["rounding"]
    truth: Tensor
    score: Callable[[Tensor, Tensor], float] = psnr

    def by(self, spec: str) -> Outcome:
        """Restored with a prior, as ``invprior`` does with ``--prior``."""
        prior = self.task.prior(parse_prior(spec), "cpu")
        begin = time.process_time()
        done = Restoration().run(self.task.measured(self.y, EIGHT_BIT, self.noise), prior)
        seconds = time.process_time() - begin
        x = done.x.clamp(0, 1)
        return Outcome(x, self.score(x, self.truth), seconds)
