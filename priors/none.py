"""No prior at all."""

from __future__ import annotations

from dataclasses import dataclass

from invprior.prior import Prior


@dataclass(frozen=True)
class NoPrior(Prior):
    """R = 0: maximum likelihood, the baseline that every other prior has to beat.

    Cost
    ----
    None. ``solve`` takes conjugate gradients for Gaussian noise, else PDHG.
    """
