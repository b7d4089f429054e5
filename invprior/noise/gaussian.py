"""Additive white Gaussian noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.functionals import Quadratic
from invprior.noise.base import Noise, Split
from invprior.noise.recorrupted import recorrupted


@dataclass(frozen=True, eq=False)
class Gaussian(Noise):
    """y = u + σ n with n ~ N(0, 1), so −log p(y | u) = ‖u − y‖² / (2σ²).

    Of complex data the real and the imaginary part have noise of σ each: E|y − u|² = 2σ².

    Parameters
    ----------
    sigma
        Standard deviation > 0 on the scale of the data; a number, or a tensor that broadcasts to the measurement
        (per channel ``(C, 1, 1)``, per pixel ``(C, H, W)``).

    Raises
    ------
    InvpriorError
        If a sigma is not positive and finite.

    Cost
    ----
    One normal number a value; the likelihood and its proximal map, in closed form, one pass.
    """

    sigma: float | Tensor

    def __post_init__(self) -> None:
        if not isinstance(self.sigma, int | float | Tensor):
            raise InvpriorError(f"sigma is a number or a tensor, got {shown(self.sigma)}")
        sigma = torch.as_tensor(self.sigma if isinstance(self.sigma, Tensor) else float(self.sigma))
        if sigma.is_complex():
            raise InvpriorError(f"Gaussian noise needs a real sigma, got one of {sigma.dtype}")
        # its square and the inverse of that are numbers in single precision
        if not bool(((sigma >= 1e-18) & (sigma <= 1e18)).all()):
            raise InvpriorError(
                f"Gaussian noise needs a positive sigma, of 1e-18 to 1e18, got {shown(self.sigma)}; for 8-bit data "
                "without visible noise take the rounding error, 1/(255·√12) ≈ 0.0011"
            )

    @classmethod
    def example(cls, rng: Random) -> Gaussian:
        return cls(rng.choice([0.1, 0.02, 0.5]))

    @property
    def additive(self) -> bool:
        return True

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        # torch's complex normal numbers have E|n|² = 1
        spread = math.sqrt(2) * self.sigma if u.is_complex() else self.sigma
        return u + spread * torch.randn(u.shape, generator=rng, dtype=u.dtype, device=u.device)

    def nll(self, y: Tensor) -> Quadratic:
        return Quadratic(self._squared(y).reciprocal(), y)

    def variance(self, u: Tensor) -> Tensor:
        return 2 * self._squared(u) if u.is_complex() else self._squared(u)

    def split(self, y: Tensor, share: float, rng: torch.Generator) -> Split:
        first, second = recorrupted(y, self.sample(torch.zeros_like(y, device="cpu"), rng).to(y), share)
        return Split(first, Gaussian(self.sigma / math.sqrt(1 - share)), second)

    def _squared(self, like: Tensor) -> Tensor:
        sigma = self.sigma
        if isinstance(sigma, Tensor):
            if sigma.device != like.device:
                raise InvpriorError(f"sigma is on {sigma.device} but the data on {like.device}; move one with .to()")
            return sigma.to(like.real.dtype).square()
        return torch.tensor(float(sigma) ** 2, dtype=like.real.dtype, device=like.device)
