"""Bounds on every entry."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional, Step
from invprior.functionals.quadratic import Quadratic
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Bounds(Functional):
    """f(u) = 0 where low ≤ u ≤ high in every entry, else infinite. prox: clamp; conjugate: Σ max(low·u, high·u).

    Parameters
    ----------
    low, high
        Numbers with low < high; either may be infinite.

    Raises
    ------
    InvpriorError
        If low is not below high.
    """

    separable = True
    ordered = True
    rowwise = True
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InvpriorError(f"bounds need low < high, got {self.low} and {self.high}")

    def __call__(self, u: Tensor) -> Tensor:
        return torch.where(_outside(u, self.low, self.high), torch.inf, 0.0).to(u.dtype)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u.clamp(self.low, self.high)

    def conj(self, u: Tensor) -> Tensor:
        return self.conj_bounded(u, u.new_tensor(-torch.inf), u.new_tensor(torch.inf))

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        low = low if self.low == -torch.inf else torch.full_like(low, self.low)
        return low, high if self.high == torch.inf else torch.full_like(high, self.high)

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        low, high = low.clamp(min=self.low), high.clamp(max=self.high)
        # 0·∞ counts as 0
        return torch.where(u == 0, 0, torch.maximum(u * low, u * high)).sum()

    def __rmul__(self, factor: float) -> Bounds:
        return self


@dataclass(frozen=True, eq=False)
class Bounded(Functional):
    """f(u) where low ≤ u ≤ high in every entry, else infinite, for an f that is a sum over the entries.

    prox: the clamped prox of f, since a convex function of one variable decreases towards its minimum.

    Parameters
    ----------
    inner
        f.
    low, high
        Tensors that broadcast to the shape of ``u``; either may be infinite.
    """

    separable = True
    ordered = True
    rowwise = True
    inner: Functional
    low: Tensor
    high: Tensor

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Bounded:
        low = torch.tensor(rng.choice([-1.0, 0.0, -torch.inf]), dtype=torch.float64)
        return cls(Quadratic.example(shape, rng), low, torch.tensor(1.0, dtype=torch.float64))

    def __call__(self, u: Tensor) -> Tensor:
        return torch.where(_outside(u, self.low, self.high), torch.inf, self.inner(u))

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return torch.minimum(torch.maximum(self.inner.prox(u, step), self.low), self.high)

    def conj(self, u: Tensor) -> Tensor:
        return self.inner.conj_bounded(u, self.low, self.high)

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        # a finite bound of f itself takes the place of an assumed one
        low, high = self.inner.limits(low, high)
        low = torch.where(self.low.isfinite(), self.low, low)
        return low, torch.where(self.high.isfinite(), self.high, high)

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        return self.inner.conj_bounded(u, torch.maximum(low, self.low), torch.minimum(high, self.high))


def _outside(u: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """True if any entry lies beyond its bounds by more than rounding."""
    slack = 8 * torch.finfo(u.dtype).eps * u.abs()
    return ((u + slack < low) | (u - slack > high)).any()
