"""The interface of everything that a study compares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invprior.operator import Operator
from invprior.runs.restoration import Measured
from invprior.study.watch import Watch


@dataclass(frozen=True, eq=False)
class Asked:
    """What a method is asked to do; it sees no truth, which only the watch has.

    Attributes
    ----------
    measured
        The measurements, on the device to solve on.
    seed
        Seed of everything random in the solve.
    limit
        Limit of iterations; None for the method's own.
    watch
        Scores the estimates on the way.
    """

    measured: Measured
    seed: int
    limit: int | None
    watch: Watch

    @property
    def operator(self) -> Operator:
        return self.measured.data[0].operator


@dataclass(frozen=True, eq=False)
class Answer:
    """An image, not clipped, and the method's own part of the record."""

    x: Tensor
    record: dict[str, Any]


class Compared(ABC):
    """A column of a study.

    Attributes
    ----------
    text
        What it is called in tables and records, unique in a study.
    """

    text: str

    @property
    @abstractmethod
    def mark(self) -> list[str]:
        """What tells this method from another one of the same text, for the key of a cell: hashes of code and values.

        None of it may change from one process to the next.
        """

    def memory(self, A: Operator) -> float | None:
        """The predicted memory of a solve in GB, or None."""
        return None

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Solve. Whatever this raises is the failure of one cell."""
