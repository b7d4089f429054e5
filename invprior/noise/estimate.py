"""The noise level from one picture."""

from __future__ import annotations

from torch import Tensor

from invprior.errors import InvpriorError


def estimate(y: Tensor) -> float:
    """Estimate the standard deviation of white Gaussian noise in one picture of shape (C, H, W).

    The median absolute deviation of the finest diagonal wavelet coefficients, averaged over the channels
    (Donoho & Johnstone 1994, section 4.2), as computed by ``skimage.restoration.estimate_sigma``.
    """
    from skimage.restoration import estimate_sigma  # half a second to import, and not needed to solve

    if y.ndim != 3 or min(y.shape[-2:]) < 4:
        raise InvpriorError(
            f"a noise level can be estimated from a picture of shape (C, H, W) of at least 4×4, got {tuple(y.shape)}"
        )
    return float(estimate_sigma(y.detach().cpu().double().numpy(), channel_axis=0, average_sigmas=True))
