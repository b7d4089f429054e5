"""Bounds on the values of the pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from invprior.functional import Term
from invprior.functionals import Bounds
from invprior.operators.identity import Identity
from invprior.prior import Prior
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape


@dataclass(frozen=True)
class Box(Prior):
    """R(x) = 0 where low ≤ x ≤ high in every pixel, else infinite; a weight does not change it.

    Add it to another prior: ``10 * TV() + Box()``. PDHG and ProximalGradient keep every iterate inside. Where the data
    leave pixels free, their duality gap relies on the box alone.

    Parameters
    ----------
    low, high
        Bounds of the pixel values; either may be infinite.

    Cost
    ----
    The proximal map clamps: one pass.
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        Bounds(self.low, self.high)

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(Bounds(self.low, self.high), Identity(shape)),)

    @property
    def memory(self) -> Memory:
        return Memory(0.3)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        return {"box": cls}
