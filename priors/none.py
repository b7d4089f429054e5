"""No prior at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from invprior.prior import Prior
from invprior.purpose import Memory, Purpose


@dataclass(frozen=True)
class NoPrior(Prior):
    """R = 0: maximum likelihood, the baseline that every other prior has to beat.

    Cost
    ----
    None. ``solve`` takes conjugate gradients for Gaussian noise, else PDHG.
    """

    @property
    def penalty(self) -> None:
        return None

    @property
    def memory(self) -> Memory:
        return Memory(0.3)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        return {"none": cls}
