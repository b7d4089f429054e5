"""Photon noise and read noise: the noise of a camera's sensor."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functionals import PoissonNll, Shifted
from invprior.noise.base import Noise, Split
from invprior.noise.recorrupted import recorrupted


@dataclass(frozen=True)
class PoissonGaussian(Noise):
    """y = g k + o + r n with counts k ~ Poisson(u / g) and n ~ N(0, 1): mean u + o, variance g u + r².

    Samples are exact. The likelihood is the shifted-Poisson approximation (Snyder, Hammoud & White 1993;
    Chakrabarti & Zickler 2012): with s = r²/g, max(y − o + s, 0) is modelled as g times a
    Poisson count of mean (u + s)/g, which has the right mean and variance. It is close for r above about half of g or
    more than a few counts, and infinite for u < −s.

    Parameters
    ----------
    gain
        g > 0, the intensity of one count.
    read
        r ≥ 0, standard deviation of the read noise.
    offset
        o, the value of black.

    Raises
    ------
    InvpriorError
        If a setting is out of its range.

    Cost
    ----
    A Poisson and a normal number a value; the likelihood's proximal map is the root of a quadratic, one pass.

    References
    ----------
    - Snyder, Hammoud & White, "Image recovery from data acquired with a charge-coupled-device camera", J. Opt. Soc. Am.
      A 10 (1993).
    - Chakrabarti & Zickler, "Image restoration with signal-dependent camera noise", arXiv:1204.2994 (2012).
    """

    gain: float
    read: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        infinite = float("inf")
        if not (0 < self.gain < infinite and 0 <= self.read < infinite and abs(self.offset) < infinite):
            raise InvpriorError(
                f"PoissonGaussian needs a positive gain, a read noise of 0 or more and a finite offset, got {self}"
            )

    @classmethod
    def example(cls, rng: Random) -> PoissonGaussian:
        return cls(rng.choice([0.01, 0.05, 0.002]), rng.choice([0.02, 0.1, 0.0]), rng.choice([0.0, 0.05, -0.1]))

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        photons = self.gain * torch.poisson(u.clamp(min=0) / self.gain, generator=rng)
        return photons + self.offset + self.read * torch.randn(u.shape, generator=rng, dtype=u.dtype, device=u.device)

    def nll(self, y: Tensor) -> Shifted:
        shift = self.read**2 / self.gain
        return Shifted(PoissonNll((y - self.offset + shift).clamp(min=0), self.gain), -shift)

    def variance(self, u: Tensor) -> Tensor:
        return self.gain * u.clamp(min=0) + self.read**2

    def signal(self, y: Tensor) -> Tensor:
        return y - self.offset

    def split(self, y: Tensor, share: float, rng: torch.Generator) -> Split:
        """Gaussian noise of the variance at each value is added and taken off, as if all noise were Gaussian."""
        normal = torch.randn(y.shape, generator=rng, dtype=y.dtype).to(y.device)
        first, second = recorrupted(y, self.estimated_variance(y).sqrt() * normal, share)
        noise = PoissonGaussian(self.gain / (1 - share), self.read / (1 - share) ** 0.5, self.offset)
        return Split(first, noise, self.signal(second))
