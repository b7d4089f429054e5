"""The likelihood of counts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.functional import Functional, Step
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class PoissonNll(Functional):
    """f(u) = Σ (u − y + y log(y/u)) / g, half the Poisson deviance: the Kullback–Leibler divergence of counts y/g.

    Zero at u = y; infinite where u < 0, and where u = 0 < y. prox: the positive root of
    v² + (step/g − u) v − step·y/g. Conjugate: −Σ (y/g) log(1 − g u), infinite where g u > 1, and where g u = 1 and
    y > 0 (Chambolle & Pock 2011, section 6.3, give the same for g = 1 as a dual step).

    Parameters
    ----------
    y
        The data ≥ 0 on the intensity scale, a tensor that broadcasts to the shape of ``u``.
    gain
        g > 0, the intensity of one count.

    References
    ----------
    - Chambolle & Pock, "A first-order primal-dual algorithm for convex problems with applications to imaging", J. Math.
      Imaging Vis. 40 (2011), section 6.3.
    """

    separable = True
    ordered = True
    rowwise = True
    y: Tensor
    gain: float

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> PoissonNll:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        y = torch.randn(shape, generator=numbers, dtype=torch.float64)
        return cls(y.clamp(min=0), rng.choice([1.0, 0.1, 3.0]))  # some pixels are dark

    def __call__(self, u: Tensor) -> Tensor:
        return self._parts(u).sum()

    def _parts(self, u: Tensor) -> Tensor:
        inside = u > 0
        u1 = torch.where(inside, u, 1)  # keeps NaN out of the gradient where u ≤ 0
        deviance = u1 - self.y + torch.xlogy(self.y, torch.where(self.y > 0, self.y, 1) / u1)
        return torch.where(inside, deviance, torch.where((u == 0) & (self.y == 0), 0, torch.inf)) / self.gain

    def gradient(self, u: Tensor) -> Tensor:
        return (1 - torch.where(self.y > 0, self.y / u, 0)) / self.gain

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return _positive_root(step / self.gain - u, step * self.y / self.gain)

    def conj(self, u: Tensor) -> Tensor:
        rest, eps = 1 - self.gain * u, torch.finfo(u.dtype).eps
        values = -torch.xlogy(self.y, rest.clamp(min=eps)) / self.gain
        return torch.where(rest < -8 * eps, torch.inf, values).sum()  # up to the rounding of conj_prox

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        # e = 1 − g v is the root ≥ 0 of e² − (1 − g u) e − step·g·y; Moreau's identity may round v out of the domain
        return (1 - _positive_root(self.gain * u - 1, step * self.gain * self.y)) / self.gain

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return low, high

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        rest = 1 - self.gain * u
        best = torch.where(rest > 0, self.y / rest, torch.inf)  # where the derivative of u v − f(v) vanishes
        best = torch.minimum(torch.maximum(best, low.clamp(min=0)), high)
        return (u * best - self._parts(best)).sum()


def _positive_root(b: Tensor, c: Tensor) -> Tensor:
    """The root v ≥ 0 of v² + b v − c for c ≥ 0, without cancellation for either sign of b."""
    size = b.abs() + (b.square() + 4 * c).sqrt()
    return torch.where(b > 0, 2 * c / size, size / 2)
