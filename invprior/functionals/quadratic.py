"""Weighted squares."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.functional import Functional, Step, check_weight, each_part, parts
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Quadratic(Functional):
    """f(u) = ½ Σ w (u − b)² with weights w ≥ 0 that may vanish.

    prox: (u + step·w·b) / (1 + step·w). Conjugate: Σ u·b + u²/(2w), infinite where w = 0 and u ≠ 0. Complex values
    count by real and imaginary part: |u − b|² and Re(ū b).

    Parameters
    ----------
    weight
        w, a number or a tensor that broadcasts to the shape of ``u``.
    center
        b, likewise.
    """

    separable = True
    rowwise = True
    weight: Step
    center: Step

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Quadratic:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        weight, center = (torch.randn(shape, generator=numbers, dtype=torch.float64) for _ in range(2))
        return cls(weight.clamp(min=0.1), center)

    @property
    def curvature(self) -> float:
        return float(torch.as_tensor(self.weight).max())

    def __call__(self, u: Tensor) -> Tensor:
        return 0.5 * (self.weight * (u - self.center).abs().square()).sum()

    def gradient(self, u: Tensor) -> Tensor:
        return self.weight * (u - self.center)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        center = torch.as_tensor(self.center, dtype=u.dtype, device=u.device)
        share = torch.as_tensor(1 / (1 + step * self.weight), dtype=u.dtype, device=u.device)
        return torch.lerp(center.expand_as(u), u, share)  # b + (u − b) / (1 + step·w) in one pass

    def conj(self, u: Tensor) -> Tensor:
        w = torch.as_tensor(self.weight, dtype=u.real.dtype, device=u.device)
        square = u.abs().square()
        ratio = torch.where(square == 0, 0, square / w)  # 0/0 is 0 and c/0 is infinite, as the conjugate is
        return ((u.conj() * self.center).real + 0.5 * ratio).sum()

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        # f is flat where w = 0, so that f* is infinite there unless u = 0
        free = torch.as_tensor(self.weight, device=low.device) == 0
        least, most = (each_part(low.real.new_tensor(end), low) for end in (-torch.inf, torch.inf))
        return torch.where(free, low, least), torch.where(free, high, most)

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        if u.is_complex():
            return self._parts(u).conj_bounded(parts(u), *(parts(each_part(b, u)) for b in (low, high)))
        w = torch.as_tensor(self.weight, dtype=u.dtype, device=u.device)
        best = torch.where(w > 0, self.center + u / w, torch.where(u > 0, torch.inf, -torch.inf))
        best = torch.minimum(torch.maximum(best, low), high)
        return (u * best - 0.5 * w * (best - self.center).square()).sum()

    def _parts(self, like: Tensor) -> Quadratic:
        """f as a function of the real and imaginary parts, which stand along one more axis at the end."""
        w = torch.as_tensor(self.weight, dtype=like.real.dtype, device=like.device)
        return Quadratic(w[..., None], parts(torch.as_tensor(self.center, dtype=like.dtype, device=like.device)))

    def __rmul__(self, factor: float) -> Quadratic:
        return Quadratic(check_weight(factor) * self.weight, self.center)
