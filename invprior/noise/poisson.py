"""Photon noise."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functionals import PoissonNll
from invprior.noise.base import Noise, Split


@dataclass(frozen=True)
class Poisson(Noise):
    """y = g k with counts k ~ Poisson(u / g), so that the mean is u and the variance g u.

    −log p(y | u) = Σ (u − y log u) / g up to a constant; the likelihood is given as :class:`PoissonNll`, which is zero
    at u = y. It is infinite for u < 0, where sampling uses u = 0.

    Parameters
    ----------
    gain
        g > 0, the intensity of one count on the scale of the data: for pictures in [0, 1], one over the counts of
        white.

    Raises
    ------
    InvpriorError
        If the gain is not positive and finite; in ``nll``, if some y is negative.

    Cost
    ----
    One Poisson number a value; the likelihood's proximal map is the root of a quadratic, one pass.
    """

    gain: float

    def __post_init__(self) -> None:
        if not 0 < self.gain < float("inf"):
            raise InvpriorError(
                f"Poisson noise needs a positive gain, got {self.gain}; it is the intensity of one count"
            )

    @classmethod
    def example(cls, rng: Random) -> Poisson:
        return cls(rng.choice([0.01, 0.05, 0.002]))

    @property
    def least(self) -> float:
        return 0.0

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return self.gain * torch.poisson(u.clamp(min=0) / self.gain, generator=rng)

    def nll(self, y: Tensor) -> PoissonNll:
        if bool((y < 0).any()):
            raise InvpriorError(
                f"Poisson data are counts and the least value here is {float(y.min()):.3g}; "
                "clip them at 0, or take noise.PoissonGaussian"
            )
        return PoissonNll(y, self.gain)

    def variance(self, u: Tensor) -> Tensor:
        return self.gain * u.clamp(min=0)

    def split(self, y: Tensor, share: float, rng: torch.Generator) -> Split:
        """Thinning: each photon goes to the second with probability ``share``, so that both are photon noise."""
        counts = (y / self.gain).clamp(min=0).round().cpu()
        taken = torch.binomial(counts, torch.full_like(counts, share), generator=rng).to(y)
        first = (y - self.gain * taken).clamp(min=0) / (1 - share)
        return Split(first, Poisson(self.gain / (1 - share)), self.gain * taken / share)
