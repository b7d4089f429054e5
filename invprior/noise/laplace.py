"""Noise with heavy tails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional
from invprior.functionals import L1, Shifted
from invprior.noise.base import Noise


@dataclass(frozen=True)
class Laplace(Noise):
    """y = u + b (e₁ − e₂) with e₁, e₂ ~ Exp(1), so that −log p(y | u) = Σ |u − y| / b and the variance is 2b².

    Of complex data the modulus counts, −log p = Σ |u − y| / b, and E|y − u|² is 6b².

    As a data term it fits the median instead of the mean, and so is the robust choice for outliers: dead pixels,
    salt-and-pepper (Nikolova 2004). For those b only scales the weight of the prior.

    Parameters
    ----------
    b
        Scale > 0, the mean absolute deviation.

    Raises
    ------
    InvpriorError
        If b is not positive and finite.

    Cost
    ----
    Two exponential numbers a value; the likelihood's proximal map is a soft threshold around y, one pass.

    References
    ----------
    - Nikolova, "A variational approach to remove outliers and impulse noise", J. Math. Imaging Vis. 20 (2004).
    """

    b: float

    def __post_init__(self) -> None:
        if not 0 < self.b < float("inf"):
            raise InvpriorError(
                f"Laplace noise needs a positive scale b, got {self.b}; it is the mean absolute deviation"
            )

    @classmethod
    def example(cls, rng: Random) -> Laplace:
        return cls(rng.choice([0.1, 0.02, 0.5]))

    @property
    def additive(self) -> bool:
        return True

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        e1, e2 = (torch.empty_like(u.real).exponential_(generator=rng) for _ in range(2))
        if u.is_complex():  # the modulus has the density r exp(−r/b) / b², as b (e₁ + e₂) has
            turn = 2 * math.pi * torch.empty_like(e1).uniform_(generator=rng)
            return u + torch.polar(self.b * (e1 + e2), turn)
        return u + self.b * (e1 - e2)

    def nll(self, y: Tensor) -> Functional:
        return (1 / self.b) * Shifted(L1(), y)

    def variance(self, u: Tensor) -> Tensor:
        factor = 6 if u.is_complex() else 2
        return torch.tensor(factor * self.b**2, dtype=u.real.dtype, device=u.device)
