"""The noise level of one picture from a clean one of the same scene."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d

from invprior.errors import InvpriorError

WINDOW = 9
# of the median of a χ² variable over its mean, Wilson & Hilferty (1931)
FREEDOM = WINDOW**2 - 2
MEDIAN = (1 - 2 / (9 * FREEDOM)) ** 3


def estimate_beside(y: Tensor, guide: Tensor) -> float:
    """Estimate the deviation of the noise in ``y`` (C, H, W) beside a clean picture of the scene, ``guide`` (c, H, W).

    In windows of 9×9 pixels y is taken for a linear function of the guide's gray value, as in the guided filter (He,
    Sun & Tang 2010), what is left of it for noise: σ² is its median variance, averaged over the channels.
    Unlike the finest wavelet coefficients (:func:`estimate`) it sees the noise of a developed picture too, which
    demosaicking, noise reduction and JPEG have made smooth.

    Raises
    ------
    InvpriorError
        If the pictures have different heights or widths, or sides below 9 pixels.

    References
    ----------
    - He, Sun & Tang, "Guided image filtering", ECCV 2010.
    """
    if y.shape[-2:] != guide.shape[-2:] or min(y.shape[-2:]) < WINDOW:
        raise InvpriorError(
            f"a noise level beside a guide takes two pictures of one size of at least {WINDOW}×{WINDOW}, "
            f"got {tuple(y.shape)} and {tuple(guide.shape)}"
        )
    y, gray = y.double(), guide.double().mean(0)
    mean_y, mean_g = _local(y), _local(gray[None])
    across = _local(y * gray) - mean_y * mean_g
    along = _local(gray[None].square()) - mean_g.square()
    left = _local(y.square()) - mean_y.square() - across.square() / along.clamp(min=1e-12)
    unbiased = left.flatten(1).median(1).values * (WINDOW**2 / FREEDOM / MEDIAN)
    return float(unbiased.clamp(min=0).mean().sqrt())


def _local(x: Tensor) -> Tensor:
    return avg_pool2d(x, WINDOW, 1)
