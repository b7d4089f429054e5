"""One prior for several pictures of one scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearComposition, LinearOperator
from invprior.operators.reshape import Reshape
from invprior.prior import Generator, Prior, Seen, WrappedPrior, shown
from invprior.shapes import Shape


@dataclass(frozen=True)
class Joint(WrappedPrior):
    """R(x) = inner(x₁, …, x_K side by side): pictures of shape (K, C, H, W) as one picture of K·C channels.

    A prior that couples channels then couples the pictures: with TV their edges coincide, and one sharp picture shows
    where the edges of the others are (vectorial TV: Blomgren & Chan 1998). With DIP one network generates them all.

    Parameters
    ----------
    inner
        A prior for one picture.

    Raises
    ------
    InvpriorError
        From its methods, if the shape has fewer than four axes.

    Cost
    ----
    That of the inner prior for K·C channels.

    References
    ----------
    - Blomgren & Chan, "Color TV: total variation methods for restoration of vector-valued images", IEEE TIP 7 (1998).
    """

    inner: Prior

    @property
    def parametrisation(self) -> Prior | None:
        inner = self.inner.parametrisation
        return None if inner is None else Joint(inner)

    @property
    def penalty(self) -> Prior | None:
        inner = self.inner.penalty
        return None if inner is None else Joint(inner)

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        flat = _flat(shape)
        terms = self.inner.terms(flat)
        if self.inner.lift(flat) is not None:  # then the terms act on X, which only ``lift`` reshapes
            return terms
        return tuple(_flattened(t, Reshape(shape, flat)) for t in terms)

    def lift(self, shape: Shape) -> LinearOperator | None:
        flat = _flat(shape)
        inner = self.inner.lift(flat)
        return None if inner is None else Reshape(flat, shape) @ inner

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        inner = self.inner.generator(_flat(shape), rng)
        return None if inner is None else _Pictures(inner, shape)


class _Pictures(Generator):
    """The channels of a generator, split into several pictures."""

    def __init__(self, inner: Generator, shape: Shape) -> None:
        super().__init__()
        self.inner, self.shape = inner, shape
        self.constants = frozenset(f"inner.{name}" for name in inner.constants)
        self.unit_range, self.held_back = inner.unit_range, inner.held_back

    def forward(self, rng: torch.Generator | None = None, seen: Seen | None = None) -> Tensor:
        if seen is not None:
            seen = Seen(*(s.reshape(_flat(self.shape)) for s in seen))
        x: Tensor = self.inner(*shown(rng, seen))
        return x.reshape(self.shape)


class _OfFlat(LinearComposition):
    """L after a reshape, with the norm of L."""

    def norm(self) -> float:
        return self.left.norm()


def _flattened(term: Term, reshape: Reshape) -> Term:
    L = term.operator
    if L.is_identity or not isinstance(L, LinearOperator):
        return term @ reshape
    return Term(term.functional, _OfFlat(L, reshape))


def _flat(shape: Shape) -> Shape:
    if len(shape) < 4:
        raise InvpriorError(f"a joint prior takes several pictures (K, C, H, W), got shape {shape}")
    return (math.prod(shape[:-2]), *shape[-2:])
