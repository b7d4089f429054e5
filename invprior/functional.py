"""Functionals f(u), and terms f∘L; every objective is a sum of terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from random import Random
from typing import Self

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.operator import Operator
from invprior.shapes import Shape

Step = float | Tensor


class Functional(ABC):
    """A real function f of a tensor. The value sums over every axis, so a batch is a separable sum.

    A subclass implements ``__call__`` and, where known, ``prox``, ``gradient``, ``conj`` and ``conj_bounded``; solvers
    take the proximal map and the gradient of those that have them. What else holds of it, it declares by properties or
    class attributes such as ``separable = True``. The tensors it is given may be complex, unless it is ``ordered``.
    """

    @property
    def valued(self) -> bool:
        """False if only the proximal map is known, so that f has no value."""
        return True

    @property
    def proximable(self) -> bool:
        """True if ``prox`` is implemented."""
        return type(self).prox is not Functional.prox

    @property
    def conjugable(self) -> bool:
        """True if ``conj`` is implemented; a solve with another f has no duality gap."""
        return type(self).conj is not Functional.conj

    @property
    def separable(self) -> bool:
        """True if f is a sum over the entries and ``conj_bounded`` is implemented."""
        return False

    @property
    def ordered(self) -> bool:
        """True if f compares values, as bounds do, and so takes real ones only."""
        return False

    @property
    def rowwise(self) -> bool:
        """True if f couples no two rows (axis −2); for dataclasses only, see :meth:`rows`."""
        return False

    @property
    def lipschitz(self) -> float | None:
        """The Lipschitz constant of each separable part of f; None if infinite or unknown."""
        return None

    @property
    def differentiable(self) -> bool:
        """True if ``gradient`` is implemented, of an f that is differentiable inside its domain."""
        return type(self).gradient is not Functional.gradient

    @property
    def curvature(self) -> float | None:
        """The Lipschitz constant of the gradient; None if infinite or unknown."""
        return None

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

    def gradient(self, u: Tensor) -> Tensor:
        """∇f(u), where f is differentiable."""
        raise InvpriorError(f"{type(self).__name__} has no known gradient")

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """For separable f: the bounds of v in f*; ``low`` and ``high`` wherever f* could be infinite, else ∓∞."""
        raise InvpriorError(self._boxless("limits(low, high)"))

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """For separable f: sup of ⟨u, v⟩ − f(v) over low ≤ v ≤ high, a scalar tensor.

        For complex u the bounds are those of the real and of the imaginary part of v; complex ones have one for each.
        """
        raise InvpriorError(self._boxless("conj_bounded(u, low, high)"))

    def _boxless(self, method: str) -> str:
        name = type(self).__name__
        if self.separable:
            return f"{name} says separable=True and lacks {method}; implement it, or leave separable False"
        return f"{name} is not a sum over the entries"

    def rows(self, start: int, stop: int, height: int) -> Self:
        """For rowwise f: f on rows ``start`` to ``stop`` of points of this ``height``, with its tensors cut to them."""
        # tensors of another height broadcast over the rows
        settings = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        for name, value in settings.items():
            if isinstance(value, Functional):
                settings[name] = value.rows(start, stop, height)
            elif isinstance(value, Tensor) and value.ndim >= 2 and value.shape[-2] == height:
                settings[name] = value.narrow(-2, start, stop - start)
        return type(self)(*settings.values())

    def __rmul__(self, factor: float) -> Functional:
        return self if factor == 1 else Scaled(check_weight(factor), self)

    def __mul__(self, factor: float) -> Functional:
        return factor * self

    def __matmul__(self, operator: Operator) -> Term:
        return Term(self, operator)


def each_part(bound: Tensor, like: Tensor) -> Tensor:
    """The bound of values as ``like``: one for each part if they are complex."""
    return torch.complex(bound, bound) if like.is_complex() and not bound.is_complex() else bound


def parts(u: Tensor) -> Tensor:
    """The real and the imaginary part of complex values along one more axis at the end; real values as they are."""
    return torch.view_as_real(u.resolve_conj()) if u.is_complex() else u


def check_weight(factor: float) -> float:
    """The factor of a functional as a float; raises unless it is ≥ 0."""
    if not factor >= 0:
        raise InvpriorError(f"a weight must be 0 or more, got {factor}")
    return float(factor)


class Wrapped(Functional):
    """A functional built on another one, ``inner``, with the same capabilities."""

    inner: Functional

    @property
    def valued(self) -> bool:
        return self.inner.valued

    @property
    def proximable(self) -> bool:
        return self.inner.proximable

    @property
    def conjugable(self) -> bool:
        return self.inner.conjugable

    @property
    def separable(self) -> bool:
        return self.inner.separable

    @property
    def ordered(self) -> bool:
        return self.inner.ordered

    @property
    def rowwise(self) -> bool:
        return self.inner.rowwise

    @property
    def differentiable(self) -> bool:
        return self.inner.differentiable

    @property
    def lipschitz(self) -> float | None:
        return self.inner.lipschitz

    @property
    def curvature(self) -> float | None:
        return self.inner.curvature


@dataclass(frozen=True, eq=False)
class Scaled(Wrapped):
    """c·f with c ≥ 0; its conjugate is c f*(u / c)."""

    factor: float
    inner: Functional

    @property
    def lipschitz(self) -> float | None:
        return None if self.inner.lipschitz is None else self.factor * self.inner.lipschitz

    @property
    def curvature(self) -> float | None:
        return None if self.inner.curvature is None else self.factor * self.inner.curvature

    def __call__(self, u: Tensor) -> Tensor:
        return self.factor * self.inner(u)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u if self.factor == 0 else self.inner.prox(u, step * self.factor)

    def conj(self, u: Tensor) -> Tensor:
        if self.factor == 0:  # the conjugate of 0 is the indicator of {0}
            return torch.where(u.any(), torch.inf, torch.zeros_like(u.real.sum()))
        return self.factor * self.inner.conj(u / self.factor)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        if self.factor == 0:
            return torch.zeros_like(u)
        return self.factor * self.inner.conj_prox(u / self.factor, step / self.factor)

    def gradient(self, u: Tensor) -> Tensor:
        return self.factor * self.inner.gradient(u)

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return (low, high) if self.factor == 0 else self.inner.limits(low, high)

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        if self.factor == 0:
            u, low, high = (parts(each_part(t, u)) for t in (u, low, high))
            return torch.maximum(u * low, u * high).sum()
        return self.factor * self.inner.conj_bounded(u / self.factor, low, high)

    def __rmul__(self, factor: float) -> Functional:
        return Scaled(check_weight(factor) * self.factor, self.inner)


@checked
@dataclass(frozen=True, eq=False)
class Term:
    """x ↦ f(Lx): a functional after an operator, linear or not."""

    functional: Functional
    operator: Operator

    def __call__(self, x: Tensor) -> Tensor:
        return self.functional(self.operator(x))

    def __rmul__(self, factor: float) -> Term:
        return Term(factor * self.functional, self.operator)

    def __matmul__(self, inner: Operator) -> Term:
        return Term(self.functional, self.operator @ inner)

    def __repr__(self) -> str:
        return f"{type(self.functional).__name__}({self.operator!r} x)"
