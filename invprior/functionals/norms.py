"""Sums of norms: sparsity of entries and of groups."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.functional import Functional, Step, check_weight, each_part
from invprior.shapes import Shape

# Squares of groups of up to this many members are summed in place, one after the other; those of larger ones by torch.
FEW = 16


@dataclass(frozen=True, eq=False)
class L1(Functional):
    """f(u) = c Σ |u|. prox: soft threshold; conjugate: 0 where |u| ≤ c, infinite elsewhere.

    Parameters
    ----------
    weight
        c ≥ 0.
    """

    separable = True
    rowwise = True
    weight: float = 1.0

    @property
    def lipschitz(self) -> float:
        return self.weight

    def __call__(self, u: Tensor) -> Tensor:
        return self.weight * u.abs().sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u.sgn() * (u.abs() - step * self.weight).clamp(min=0)

    def conj(self, u: Tensor) -> Tensor:
        return _indicator(u.abs().amax(), self.weight, u)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        # the projection onto |u| ≤ c; ``tiny`` avoids 0/0 for c = 0
        if u.is_complex():
            return u * (self.weight / u.abs().clamp(min=max(self.weight, torch.finfo(u.dtype).tiny)))
        return u.clamp(-self.weight, self.weight)

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return low, high

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        if u.is_complex():
            return _over_rectangles(u, each_part(low, u), each_part(high, u), self.weight)
        # u v − c|v| is concave with a kink at 0, so that one of these three is the best
        zero = torch.zeros_like(u)
        ends = (low, high, torch.minimum(torch.maximum(zero, low), high))
        values = [u * v - self.weight * v.abs() for v in ends]
        return torch.maximum(torch.maximum(values[0], values[1]), values[2]).sum()

    def __rmul__(self, factor: float) -> L1:
        return L1(check_weight(factor) * self.weight)


@dataclass(frozen=True, eq=False)
class L21(Functional):
    """f(u) = c Σ ‖u_g‖₂, the norm taken over the axes ``dims`` (negative, so that a batch may lead).

    prox: block soft threshold; conjugate: 0 where every block has norm ≤ c, infinite elsewhere.

    Parameters
    ----------
    dims
        The axes of a group.
    weight
        c ≥ 0.
    """

    dims: tuple[int, ...]
    weight: float = 1.0

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> L21:
        return cls(tuple(rng.sample(range(-len(shape), 0), rng.randint(1, len(shape)))), rng.choice([1.0, 0.3]))

    @property
    def rowwise(self) -> bool:
        return -2 not in self.dims

    @property
    def lipschitz(self) -> float:
        return self.weight

    def _squares(self, u: Tensor) -> Tensor:
        """Σ_g u_g², its axes kept with size 1."""
        if u.is_complex() or math.prod(u.shape[d] for d in self.dims) > FEW:
            return (u * u.conj()).real.sum(self.dims, keepdim=True)
        # in place, member by member: many times faster than torch's reductions over a short outer axis
        total: Tensor | None = None
        for index in itertools.product(*(range(u.shape[d]) for d in self.dims)):
            part = u
            for d, i in zip(self.dims, index, strict=True):
                part = part.narrow(d, i, 1)
            total = part.square() if total is None else total.addcmul_(part, part)
        return torch.zeros_like(u.real) if total is None else total

    def _norms(self, u: Tensor) -> Tensor:
        # the clamp makes the derivative 0 at 0
        return self._squares(u).clamp(min=torch.finfo(u.dtype).tiny).sqrt()

    def __call__(self, u: Tensor) -> Tensor:
        return self.weight * self._norms(u).sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        norms, threshold = self._norms(u), step * self.weight
        # 1 − threshold/‖u_g‖ below 0 means the whole block vanishes; ‖u_g‖ = 0 gives −inf and vanishes too
        return u * torch.where(norms > threshold, 1 - threshold / norms, 0)

    def conj(self, u: Tensor) -> Tensor:
        return _indicator(self._squares(u).amax().sqrt(), self.weight, u)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        # the projection u_g · c / max(‖u_g‖, c); ``tiny`` avoids 0/0 for c = 0
        least = max(self.weight**2, torch.finfo(u.dtype).tiny)
        return u * self._squares(u).clamp_(min=least).rsqrt_().mul_(self.weight)

    def __rmul__(self, factor: float) -> L21:
        return L21(self.dims, check_weight(factor) * self.weight)


def _over_rectangles(u: Tensor, low: Tensor, high: Tensor, c: float) -> Tensor:
    """Σ sup of Re(ū v) − c|v| over the rectangles of the complex plane from ``low`` to ``high``.

    The function is concave and of degree 1, so that the supremum lies on an edge or at 0.
    """
    a, b, left, right, down, up = torch.broadcast_tensors(u.real, u.imag, low.real, high.real, low.imag, high.imag)
    inside = (left <= 0) & (right >= 0) & (down <= 0) & (up >= 0)
    best = torch.where(inside, 0.0, -torch.inf)
    for along, across, least, most, edges in ((b, a, down, up, (left, right)), (a, b, left, right, (down, up))):
        # on an edge at distance p, along·q − c √(p² + q²) is stationary at q = |p| along / √(c² − along²), if anywhere
        slope = (c * c - along.square()).clamp(min=0).sqrt()
        for p in edges:
            q = torch.where(slope > 0, p.abs() * along / slope, torch.copysign(most.new_tensor(torch.inf), along))
            q = torch.minimum(torch.maximum(q, least), most)
            best = torch.maximum(best, across * p + along * q - c * torch.hypot(p, q))
    return best.sum()


def _indicator(largest: Tensor, bound: float, u: Tensor) -> Tensor:
    """0 where ``largest`` ≤ bound up to the rounding of a projection, else infinite."""
    slack = bound * (1 + 8 * torch.finfo(u.dtype).eps)
    return torch.where(largest <= slack, 0.0, torch.inf).to(largest.dtype)
