"""Which values a parameter may take: a projection for steps along the gradient, and a map from free numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError


class Constraint(ABC):
    """A set of values. ``project`` gives the nearest one in it; ``value`` maps free numbers onto the set."""

    @abstractmethod
    def project(self, value: Tensor) -> Tensor:
        """The value in the set that is nearest in the Euclidean norm."""

    @abstractmethod
    def free(self, value: Tensor) -> Tensor:
        """Free numbers that :meth:`value` maps to this value, or to one near it inside the set."""

    @abstractmethod
    def value(self, free: Tensor) -> Tensor:
        """The value of free numbers, in the set whatever they are. A change by 1 is a large one."""

    @property
    def scale(self) -> float:
        """A large change of the value."""
        return 1.0


@dataclass(frozen=True)
class Free(Constraint):
    """Any value.

    Parameters
    ----------
    scale
        A large change of the value: steps are measured by it.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise InvpriorError(f"the scale of a parameter is positive, got {self.scale}")

    def project(self, value: Tensor) -> Tensor:
        return value

    def free(self, value: Tensor) -> Tensor:
        return value / self.scale

    def value(self, free: Tensor) -> Tensor:
        return self.scale * free


@dataclass(frozen=True)
class Bounds(Constraint):
    """Values with low ≤ θ ≤ high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InvpriorError(f"bounds are a smaller and a larger number, got {self.low} and {self.high}")

    @property
    def scale(self) -> float:
        return self.high - self.low

    def project(self, value: Tensor) -> Tensor:
        return value.clamp(self.low, self.high)

    def free(self, value: Tensor) -> Tensor:
        return ((value - self.low) / self.scale).clamp(0.01, 0.99).logit() / 4

    def value(self, free: Tensor) -> Tensor:
        return self.low + self.scale * (4 * free).sigmoid()


@dataclass(frozen=True)
class Simplex(Constraint):
    """θ ≥ 0 with Σθ = 1: a point spread function that keeps the brightness.

    The projection sorts the values (Duchi et al. 2008); free numbers go through the softmax.

    References
    ----------
    - Duchi, Shalev-Shwartz, Singer & Chandra, "Efficient projections onto the l1-ball for learning in high
      dimensions", ICML 2008.
    """

    def project(self, value: Tensor) -> Tensor:
        falling = value.flatten().sort(descending=True).values
        surplus = falling.cumsum(0) - 1
        counts = torch.arange(1, len(falling) + 1, device=value.device)
        last = int((falling - surplus / counts > 0).sum()) - 1
        return (value - surplus[last] / counts[last]).clamp(min=0)

    def free(self, value: Tensor) -> Tensor:
        # far below the largest the softmax passes no gradient on
        return value.clamp(min=1e-3 * float(value.max())).log()

    def value(self, free: Tensor) -> Tensor:
        return free.flatten().softmax(0).reshape(free.shape)
