"""A denoiser in the place of a proximal map."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional, Step, check_weight
from invprior.noise import Noise


class Denoised(Functional):
    """c·φ, known only by prox_{σ²φ}(u) = D(u, σ): prox with a step s is D(u, √(s c)). It has no value.

    A subclass is a dataclass that has a ``weight`` and implements :meth:`denoised`, and :meth:`estimate` if it knows
    more of the noise than one level.
    """

    valued = False
    weight: float

    @abstractmethod
    def denoised(self, u: Tensor, sigma: float) -> Tensor:
        """D(u, σ)."""

    def __call__(self, u: Tensor) -> Tensor:
        raise InvpriorError("a plug-and-play denoiser has no value; its objective and gap are unknown")

    def prox(self, u: Tensor, step: Step) -> Tensor:
        if self.weight == 0:
            return u
        with torch.no_grad():
            out = self.denoised(u, math.sqrt(float(step) * self.weight))
        if out.shape != u.shape or out.dtype != u.dtype:
            raise InvpriorError(
                f"the denoiser returned {out.dtype} of shape {tuple(out.shape)} for {u.dtype} of {tuple(u.shape)}; "
                "it must keep both"
            )
        return out

    def estimate(self, y: Tensor, noise: Noise) -> Tensor:
        """The image that was measured as y, directly and with this noise; here by the root of its mean variance."""
        parts = 2 if y.is_complex() else 1
        return self.prox(noise.signal(y), noise.estimated_variance(y).mean() / parts)

    def __rmul__(self, factor: float) -> Denoised:
        return replace(self, weight=check_weight(factor) * self.weight)  # type: ignore[type-var]
