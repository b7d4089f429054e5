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
        norms: Tensor = torch.linalg.vector_norm(u, dim=self.dims, keepdim=True)
        return norms

    def __call__(self, u: Tensor) -> Tensor:
        return self._norms(u).sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        norms = self._norms(u)
        # 1 − step/‖u_g‖ below 0 means the whole block vanishes; ‖u_g‖ = 0 gives −inf and vanishes too
        return u * torch.where(norms > step, 1 - step / norms, 0)

    def conj(self, u: Tensor) -> Tensor:
        return _indicator(self._norms(u).amax(), u)

    def conj_prox(self, u: Tensor, step: Step) -> Tensor:
        return u / self._norms(u).clamp(min=1)


def _indicator(largest: Tensor, u: Tensor) -> Tensor:
    """0 where ``largest`` ≤ 1 up to the rounding of a projection, else infinite."""
    slack = 1 + 8 * torch.finfo(u.dtype).eps
    return torch.where(largest <= slack, 0.0, torch.inf).to(largest.dtype)
