"""What a noise model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import Self

import torch
from torch import Tensor

from invprior.functional import Functional


class Noise(ABC):
    """The random map from a clean measurement u to a measured y, with its likelihood: E in the objective."""

    @classmethod
    def example(cls, rng: Random) -> Self:
        """An instance with settings drawn from ``rng``, for the conformance laws."""
        return cls()

    @abstractmethod
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Draw y given the clean measurement ``u``; ``rng`` lives on the device of ``u``."""

    @abstractmethod
    def nll(self, y: Tensor) -> Functional:
        """u ↦ −log p(y | u), up to a constant that does not depend on u."""

    @abstractmethod
    def variance(self, u: Tensor) -> Tensor:
        """Var(y | u), of a shape that broadcasts to ``u``."""

    def residual_level(self, y: Tensor) -> float:
        """The expected ‖y − u‖² per measured value: where the discrepancy principle stops (Morozov 1966)."""
        return float(self.variance(y).expand_as(y).mean())
