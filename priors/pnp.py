"""A denoiser in place of a proximal map."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional, Step, Term, check_weight
from invprior.operators.identity import Identity
from invprior.prior import Prior
from invprior.shapes import Shape

Denoiser = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True, eq=False)
class Denoised(Functional):
    """c·φ, known only by prox_{σ²φ}(u) = D(u, σ): prox with a step s is D(u, √(s c)). It has no value.

    Parameters
    ----------
    denoiser
        D.
    weight
        c > 0.
    """

    valued = False
    proximable = True
    denoiser: Denoiser
    weight: float = 1.0

    def __call__(self, u: Tensor) -> Tensor:
        raise InvpriorError("a plug-and-play denoiser has no value; its objective and gap are unknown")

    def prox(self, u: Tensor, step: Step) -> Tensor:
        if self.weight == 0:
            return u
        with torch.no_grad():
            out = self.denoiser(u, math.sqrt(float(step) * self.weight))
        if out.shape != u.shape or out.dtype != u.dtype:
            raise InvpriorError(
                f"the denoiser returned {out.dtype} of shape {tuple(out.shape)} for {u.dtype} of {tuple(u.shape)}; "
                "it must keep both"
            )
        return out

    def __rmul__(self, factor: float) -> Denoised:
        return Denoised(self.denoiser, check_weight(factor) * self.weight)


@dataclass(frozen=True, eq=False)
class PnP(Prior):
    """R = φ with prox_{σ²φ} = D(·, σ), whatever φ is (plug-and-play; Venkatakrishnan, Bouman & Wohlberg 2013).

    ``solve`` takes ProximalGradient. With the weight c its steps 1/L denoise at σ = √(c/L): at weight 1, denoising y
    with Gaussian noise is one call D(y, σ) at the noise's own σ. The objective and the gap are unknown.

    Parameters
    ----------
    denoiser
        Maps an image ``(..., C, H, W)`` and the standard deviation of its noise to an image of the same shape.
        ``interop.deepinv.from_denoiser`` wraps one of deepinv's.

    Cost
    ----
    One call of the denoiser per iteration of ProximalGradient.

    References
    ----------
    - Venkatakrishnan, Bouman & Wohlberg, "Plug-and-play priors for model based reconstruction", GlobalSIP 2013.
    """

    denoiser: Denoiser

    def __post_init__(self) -> None:
        if not callable(self.denoiser):
            raise InvpriorError(f"PnP takes a function of an image and a sigma, got {type(self.denoiser).__name__}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(Denoised(self.denoiser), Identity(shape)),)
