"""Values that were rounded to multiples of a step."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.functional import Functional
from invprior.functionals.interval import Interval
from invprior.noise.base import Noise


@dataclass(frozen=True, eq=False)
class Quantisation(Noise):
    """y = s·round(u/s + e) − s·e, so that u lies in [y − s/2, y + s/2]; e = 0 in files, uniform in samples.

    The likelihood is a Gaussian of the variance s²/12 of a rounding error, cut off at the ends of the interval: beyond
    them it falls with a standard deviation of ``slack``·s, which stands for the rounding of whatever came before. With
    e uniform in [−½, ½] the error is uniform and independent of u, as it is nearly over the many values of a file.

    Parameters
    ----------
    step
        s > 0, a number, or a tensor for every value.
    slack
        A share of a step, positive.

    Raises
    ------
    InvpriorError
        If either is not positive and finite.

    Cost
    ----
    The likelihood and its proximal map are one pass over the values.

    References
    ----------
    - Lipshitz, Wannamaker & Vanderkooy, "Quantization and dither: a theoretical survey", J. Audio Eng. Soc. 40 (1992).
    - Bredies & Holler, "A total variation–based JPEG decompression model", SIAM J. Imaging Sci. 5 (2012).
    """

    step: float | Tensor = 1.0
    slack: float = 0.1

    def __post_init__(self) -> None:
        for name in ("step", "slack"):
            value = getattr(self, name)
            if not isinstance(value, int | float | Tensor):
                raise InvpriorError(f"the {name} of quantisation is a number or a tensor, got {shown(value)}")
            values = torch.as_tensor(value if isinstance(value, Tensor) else float(value))
            if values.is_complex() or not bool(((values >= 1e-18) & (values <= 1e18)).all()):
                raise InvpriorError(f"the {name} of quantisation is positive, of 1e-18 to 1e18, got {shown(value)}")

    @classmethod
    def example(cls, rng: Random) -> Quantisation:
        return cls(rng.choice([0.1, 0.02, 0.5]))

    @property
    def additive(self) -> bool:
        return True

    @property
    def rounded(self) -> bool:
        return True

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        dither = torch.empty_like(u).uniform_(-0.5, 0.5, generator=rng)
        return ((u / self.step + dither).round() - dither) * self.step

    def again(self, u: Tensor, y: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """u rounded to the levels that y is one of, without dither, as a file does."""
        return y + ((u - y) / self.step).round() * self.step

    def nll(self, y: Tensor) -> Functional:
        return Interval(y, self.step / 2, 12 / self.step**2, 1 / (self.slack * self.step) ** 2)

    def variance(self, u: Tensor) -> Tensor:
        return torch.as_tensor(self.step, dtype=u.real.dtype, device=u.device).square() / 12
