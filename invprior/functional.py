"""Functionals f(u), and terms f∘L of which every objective is a sum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Self

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import Operator, Shape

Step = float | Tensor


class Functional(ABC):
    """A real function f of a tensor. The value sums over every axis, so a batch is a separable sum.

    A subclass gives ``__call__``; where it knows them ``prox`` (and sets ``proximable``) and ``conj``.
    """

    proximable: ClassVar[bool] = False
    lipschitz: ClassVar[float | None] = None  # of each separable part of f, where it is finite

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Self:
        """An instance for points of this shape with settings drawn from ``rng``, for the conformance laws."""
        return cls()

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """f(u), a scalar tensor."""

    def prox(self, u: Tensor, step: Step) -> Tensor:
        """argmin_v f(v) + ‖v − u‖²/(2 step)."""
        raise InvpriorError(f"{type(self).__name__} has no proximal map; take solvers.Adam()")

    def conj(self, u: Tensor) -> Tensor:
        """f*(u) = sup_v ⟨u, v⟩ − f(v), a scalar tensor, infinite outside its domain."""
        raise InvpriorError(f"{type(self).__name__} has no known conjugate")

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        """The proximal map of step·f*, by Moreau: u − step · prox(u / step, 1 / step)."""
        return u - step * self.prox(u / step, 1 / step)

    def __rmul__(self, factor: float) -> Functional:
        return self if factor == 1 else Scaled(_weight(factor), self)

    def __mul__(self, factor: float) -> Functional:
        return factor * self

    def __matmul__(self, operator: Operator) -> Term:
        return Term(self, operator)


def _weight(factor: float) -> float:
    if not factor >= 0:
        raise InvpriorError(f"a weight must be 0 or more, got {factor}")
    return float(factor)


@dataclass(frozen=True, eq=False)
class Scaled(Functional):
    """c·f with c ≥ 0; its conjugate is c f*(u / c)."""

    factor: float
    inner: Functional

    @property
    def proximable(self) -> bool:  # type: ignore[override]
        return self.inner.proximable

    @property
    def lipschitz(self) -> float | None:  # type: ignore[override]
        return None if self.inner.lipschitz is None else self.factor * self.inner.lipschitz

    def __call__(self, u: Tensor) -> Tensor:
        return self.factor * self.inner(u)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u if self.factor == 0 else self.inner.prox(u, step * self.factor)

    def conj(self, u: Tensor) -> Tensor:
        if self.factor == 0:
            return torch.where(u.any(), torch.inf, torch.zeros_like(u.real.sum()))
        return self.factor * self.inner.conj(u / self.factor)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        if self.factor == 0:
            return torch.zeros_like(u)
        return self.factor * self.inner.conj_prox(u / self.factor, step / self.factor)

    def __rmul__(self, factor: float) -> Functional:
        return Scaled(_weight(factor) * self.factor, self.inner)


@dataclass(frozen=True, eq=False)
class Term:
    """x ↦ f(Lx): a functional after an operator, linear or not."""

    functional: Functional
    operator: Operator

    def __call__(self, x: Tensor) -> Tensor:
        return self.functional(self.operator(x))

    def __rmul__(self, factor: float) -> Term:
        return Term(factor * self.functional, self.operator)

    def __repr__(self) -> str:
        return f"{type(self.functional).__name__}({self.operator!r} x)"
