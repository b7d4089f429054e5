"""The functionals that data terms and penalties are made of."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

import torch
from torch import Tensor

from invprior.functional import Functional, Step, _weight
from invprior.operator import Shape


@dataclass(frozen=True, eq=False)
class Quadratic(Functional):
    """f(u) = ½ Σ w (u − b)² with weights w ≥ 0 that may vanish.

    prox: (u + step·w·b) / (1 + step·w). Conjugate: Σ u·b + u²/(2w), infinite where w = 0 and u ≠ 0.

    Parameters
    ----------
    weight
        w, a number or a tensor that broadcasts to the shape of ``u``.
    center
        b, likewise.
    """

    proximable: ClassVar[bool] = True
    weight: Step
    center: Step

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Quadratic:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        weight, center = (torch.randn(shape, generator=numbers, dtype=torch.float64) for _ in range(2))
        return cls(weight.clamp(min=0.1), center)

    def __call__(self, u: Tensor) -> Tensor:
        return 0.5 * (self.weight * (u - self.center).abs().square()).sum()

    def gradient(self, u: Tensor) -> Tensor:
        """w (u − b)."""
        return self.weight * (u - self.center)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return (u + step * self.weight * self.center) / (1 + step * self.weight)

    def conj(self, u: Tensor) -> Tensor:
        w = torch.as_tensor(self.weight, dtype=u.dtype, device=u.device)
        ratio = torch.where(u == 0, 0, u.square() / w)  # 0/0 is 0 and c/0 is infinite, as the conjugate is
        return (u * self.center + 0.5 * ratio).sum()

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """sup_v ⟨u, v⟩ − f(v) with low ≤ v ≤ high wherever w = 0: finite for every u."""
        w = torch.as_tensor(self.weight, dtype=u.dtype, device=u.device)
        best = torch.where(w > 0, self.center + u / w, torch.where(u > 0, high, low))
        return (u * best - 0.5 * w * (best - self.center).square()).sum()

    def __rmul__(self, factor: float) -> Quadratic:
        return Quadratic(_weight(factor) * self.weight, self.center)


@dataclass(frozen=True, eq=False)
class L1(Functional):
    """f(u) = Σ |u|. prox: soft threshold; conjugate: 0 where |u| ≤ 1, infinite elsewhere."""

    proximable: ClassVar[bool] = True
    lipschitz: ClassVar[float | None] = 1.0

    def __call__(self, u: Tensor) -> Tensor:
        return u.abs().sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u.sgn() * (u.abs() - step).clamp(min=0)

    def conj(self, u: Tensor) -> Tensor:
        return _indicator(u.abs().amax(), u)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        return u / u.abs().clamp(min=1)


@dataclass(frozen=True, eq=False)
class L21(Functional):
    """f(u) = Σ ‖u_g‖₂, the norm taken over the axes ``dims`` (negative, so that a batch may lead).

    prox: block soft threshold; conjugate: 0 where every block has norm ≤ 1, infinite elsewhere.
    """

    proximable: ClassVar[bool] = True
    lipschitz: ClassVar[float | None] = 1.0
    dims: tuple[int, ...]

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> L21:
        return cls(tuple(rng.sample(range(-len(shape), 0), rng.randint(1, len(shape)))))

    def _norms(self, u: Tensor) -> Tensor:
        # a hundred times faster than torch's vector_norm over outer axes; the clamp makes the derivative 0 at 0
        squares = u.abs().square() if u.is_complex() else u.square()
        return squares.sum(self.dims, keepdim=True).clamp(min=torch.finfo(u.dtype).tiny).sqrt()

    def __call__(self, u: Tensor) -> Tensor:
        return self._norms(u).sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        norms = self._norms(u)
        # 1 − step/‖u_g‖ below 0 means the whole block vanishes; ‖u_g‖ = 0 gives −inf and vanishes too
        return u * torch.where(norms > step, 1 - step / norms, 0)

    def conj(self, u: Tensor) -> Tensor:
        return _indicator(self._norms(u).amax(), u)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        return u * self._norms(u).clamp(min=1).reciprocal()


@dataclass(frozen=True, eq=False)
class Shifted(Functional):
    """f(u − b) for a functional f.

    prox: b + prox_f(u − b). Conjugate: f*(u) + Σ u·b.

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

    @property
    def proximable(self) -> bool:  # type: ignore[override]
        return self.inner.proximable

    @property
    def lipschitz(self) -> float | None:  # type: ignore[override]
        return self.inner.lipschitz

    def __call__(self, u: Tensor) -> Tensor:
        return self.inner(u - self.center)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return self.center + self.inner.prox(u - self.center, step)

    def conj(self, u: Tensor) -> Tensor:
        return self.inner.conj(u) + (u * self.center).sum()

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        return self.inner.conj_prox(u - step * self.center, step)


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
    """

    proximable: ClassVar[bool] = True
    y: Tensor
    gain: float

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> PoissonNll:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        y = torch.randn(shape, generator=numbers, dtype=torch.float64)
        return cls(y.clamp(min=0), rng.choice([1.0, 0.1, 3.0]))  # dark pixels among them

    def __call__(self, u: Tensor) -> Tensor:
        inside = u > 0
        u1 = torch.where(inside, u, 1)  # so that no NaN enters the gradient from outside
        there = u1 - self.y + torch.xlogy(self.y, torch.where(self.y > 0, self.y, 1) / u1)
        return torch.where(inside, there, torch.where((u == 0) & (self.y == 0), 0, torch.inf)).sum() / self.gain

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return _positive_root(step / self.gain - u, step * self.y / self.gain)

    def conj(self, u: Tensor) -> Tensor:
        rest, eps = 1 - self.gain * u, torch.finfo(u.dtype).eps
        values = -torch.xlogy(self.y, rest.clamp(min=eps)) / self.gain
        return torch.where(rest < -8 * eps, torch.inf, values).sum()  # up to the rounding of conj_prox

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        # e = 1 − g v is the root ≥ 0 of e² − (1 − g u) e − step·g·y; Moreau's difference may round v out of the domain
        return (1 - _positive_root(self.gain * u - 1, step * self.gain * self.y)) / self.gain


def _positive_root(b: Tensor, c: Tensor) -> Tensor:
    """The root v ≥ 0 of v² + b v − c for c ≥ 0, without cancellation for either sign of b."""
    size = b.abs() + (b.square() + 4 * c).sqrt()
    return torch.where(b > 0, 2 * c / size, size / 2)


def _indicator(largest: Tensor, u: Tensor) -> Tensor:
    """0 where ``largest`` ≤ 1 up to the rounding of a projection, else infinite."""
    slack = 1 + 8 * torch.finfo(u.dtype).eps
    return torch.where(largest <= slack, 0.0, torch.inf).to(largest.dtype)
