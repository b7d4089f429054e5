"""Values that are known to lie in intervals."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional, Step
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Interval(Functional):
    """f(u) = ½ Σ a (u − c)² + w dist(u, [c − h, c + h])²: a parabola that rises steeply beyond an interval.

    prox: that of ½a(u − c)² where it lies in the interval, else (u + step·(a c + w e))/(1 + step·(a + w)) with the
    nearer end e. Conjugate: u·c + u²/(2a) where |u| ≤ a h, else the value at the point (u + a c + w e)/(a + w).

    Parameters
    ----------
    center
        c, of a shape that broadcasts to that of ``u``.
    half
        h > 0, a number or a tensor.
    inside, outside
        a > 0 and w > 0, likewise.

    Raises
    ------
    InvpriorError
        If h, a or w is not positive.
    """

    separable = True
    ordered = True
    center: Tensor
    half: Step = 0.5
    inside: Step = 1.0
    outside: Step = 10.0

    def __post_init__(self) -> None:
        for name in ("half", "inside", "outside"):
            values = torch.as_tensor(getattr(self, name))
            if not bool(((values > 0) & values.isfinite()).all()):
                raise InvpriorError(f"{name} of an interval is positive, got {float(values.min()):g}")

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Interval:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        center = torch.randn(shape, generator=numbers, dtype=torch.float64)
        return cls(center, rng.choice([0.1, 1.0]), rng.choice([0.5, 2.0]), rng.choice([1.0, 20.0]))

    @property
    def curvature(self) -> float:
        return float(torch.as_tensor(self.inside + self.outside).max())

    def __call__(self, u: Tensor) -> Tensor:
        d = u - self.center
        beyond = (d.abs() - self.half).clamp(min=0)
        return 0.5 * (self.inside * d.square() + self.outside * beyond.square()).sum()

    def gradient(self, u: Tensor) -> Tensor:
        d = u - self.center
        return self.inside * d + self.outside * (d - d.clamp(-self._half(d), self._half(d)))

    def _half(self, like: Tensor) -> Tensor:
        return torch.as_tensor(self.half, dtype=like.dtype, device=like.device)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        a, w, d = self.inside * step, self.outside * step, u - self.center
        within = d / (1 + a)
        beyond = (d + w * self.half * d.sign()) / (1 + a + w)
        return self.center + torch.where(within.abs() <= self.half, within, beyond)

    def conj(self, u: Tensor) -> Tensor:
        return self._at(u, self._highest(u))

    def limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full_like(low, -torch.inf), torch.full_like(high, torch.inf)

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        # a concave function of one variable is highest where the free maximum is moved into the bounds
        return self._at(u, (self.center + self._highest(u)).clamp(low, high) - self.center)

    def _highest(self, u: Tensor) -> Tensor:
        """v − c where u v − f(v) is largest."""
        a, w, h = self.inside, self.outside, self.half
        return torch.where(u.abs() <= a * h, u / a, (u + w * h * u.sign()) / (a + w))

    def _at(self, u: Tensor, d: Tensor) -> Tensor:
        """Σ u v − f(v) at v = c + d."""
        beyond = (d.abs() - self.half).clamp(min=0)
        return (u * (self.center + d) - 0.5 * (self.inside * d.square() + self.outside * beyond.square())).sum()

    def __rmul__(self, factor: float) -> Interval:
        return Interval(self.center, self.half, factor * self.inside, factor * self.outside)
