"""A picture that is about to be restored, with all that is known of it before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from invprior.io import Picture
from invprior.prior import Prior
from invprior.runs.checkpoint import Checkpoint
from invprior.runs.restoration import Measured, Restored
from invprior.runs.tasks import Task
from invprior.shapes import Shape, Window
from invprior.specs import PriorSpec


@dataclass(frozen=True, eq=False)
class Plan:
    """The prior of a picture, as a spec and built, and the windows that are solved, none for the whole."""

    spec: PriorSpec
    prior: Prior
    windows: Sequence[Window]

    def part(self, shape: Shape) -> Shape:
        """The shape of the largest part that is solved, of a picture of this shape."""
        if not self.windows:
            return shape
        largest = max(self.windows, key=lambda w: w.height * w.width)
        return *shape[:-2], largest.height, largest.width


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that was read, its target, its truth, its measurements, its plan, and what its restoration takes.

    Attributes
    ----------
    checkpoint
        What the solve goes on from, if that is asked for.
    gigabytes
        Memory.
    seconds
        Time; None if it is not known.
    """

    source: Path
    target: Path
    task: Task
    picture: Picture
    truth: Picture | None
    measured: Measured
    plan: Plan
    checkpoint: Checkpoint | None
    gigabytes: float
    seconds: float | None


class Further(Protocol):
    """Makes more of a restored picture, given what shows an image as a picture like it; returns more of its record."""

    def __call__(self, opened: Opened, restored: Restored, shown: Callable[[Tensor], Picture]) -> Mapping[str, Any]: ...
