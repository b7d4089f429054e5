"""deepinv's denoisers as priors."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.priors import PnP


@dataclass(frozen=True, eq=False)
class BatchDenoiser:
    """A module that takes ``(B, C, H, W)``, as a denoiser D of images ``(..., C, H, W)`` or ``(H, W)``.

    Attributes
    ----------
    squared
        True if the module takes σ², the threshold of ½‖x − y‖² + σ²φ(x), instead of σ.
    """

    module: nn.Module
    squared: bool

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        lead = x.shape[:-3] if x.ndim >= 3 else ()
        batch = x.reshape(-1, *x.shape[-3:]) if x.ndim >= 3 else x[None, None]
        with torch.no_grad():
            out: Tensor = self.module(batch, sigma**2 if self.squared else sigma)
        return out.reshape(*lead, *x.shape[-3:]) if x.ndim >= 3 else out.reshape(x.shape)


def from_denoiser(denoiser: nn.Module) -> PnP:
    """Wrap a ``deepinv.models.Denoiser`` as a plug-and-play prior; it has no value, so the gap is unknown.

    The prior's weight and the solver's step determine the denoiser's σ, see :class:`~invprior.priors.PnP`. Denoisers
    that take a threshold ``ths`` (TV, TGV, wavelets) get σ², for which they are the exact proximal map.

    Parameters
    ----------
    denoiser
        Called as ``denoiser(x, sigma)`` with x of shape ``(B, C, H, W)``; set to evaluation mode.

    Raises
    ------
    InvpriorError
        If it is not a module, or takes no noise level.
    """
    if not isinstance(denoiser, nn.Module):
        raise InvpriorError(f"from_denoiser takes a deepinv denoiser, got {type(denoiser).__name__}; see priors.PnP")
    parameters = list(inspect.signature(denoiser.forward).parameters.values())
    if len(parameters) < 2 or parameters[1].kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        raise InvpriorError(f"{type(denoiser).__name__} takes no noise level; wrap it in a function for priors.PnP")
    return PnP(BatchDenoiser(denoiser.eval(), squared=parameters[1].name == "ths"))
