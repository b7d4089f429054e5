"""A functional moved to another centre."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.functional import Functional, Step, Wrapped, each_part
from invprior.functionals.norms import L1
from invprior.functionals.poisson import PoissonNll
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Shifted(Wrapped):
    """f(u − b) for a functional f.

    prox: b + prox_f(u − b). Conjugate: f*(u) + Σ u·b, of complex values Re(ū b).

    Parameters
    ----------
    inner
        f.
    center
        b, a number or a tensor that broadcasts to the shape of ``u``.
    """

    inner: Functional
    center: Step

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Shifted:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        center = torch.randn(shape, generator=numbers, dtype=torch.float64)
        return cls(rng.choice([L1(), PoissonNll.example(shape, rng)]), center)

    def __call__(self, u: Tensor) -> Tensor:
        return self.inner(u - self.center)

    def gradient(self, u: Tensor) -> Tensor:
        return self.inner.gradient(u - self.center)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return self.center + self.inner.prox(u - self.center, step)

    def conj(self, u: Tensor) -> Tensor:
        return self.inner.conj(u) + self._along(u)

    def _along(self, u: Tensor) -> Tensor:
        return (u.conj() * self.center).real.sum()

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        return self.inner.conj_prox(u - step * self.center, step)

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        low, high = (each_part(b, torch.as_tensor(self.center)) for b in (low, high))
        low, high = self.inner.limits(low - self.center, high - self.center)
        return low + self.center, high + self.center

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        low, high = (each_part(b, u) - self.center for b in (low, high))
        return self.inner.conj_bounded(u, low, high) + self._along(u)
