"""A denoiser in place of a proximal map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from invprior.denoised import Denoised
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.operators.identity import Identity
from invprior.prior import Prior
from invprior.shapes import Shape

Denoiser = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True, eq=False)
class ByFunction(Denoised):
    """c·φ with a denoiser that is given as a function of an image and a standard deviation."""

    denoiser: Denoiser
    weight: float = 1.0

    def denoised(self, u: Tensor, sigma: float) -> Tensor:
        return self.denoiser(u, sigma)


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
        return (Term(ByFunction(self.denoiser), Identity(shape)),)
