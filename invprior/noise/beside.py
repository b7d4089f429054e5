"""The noise level of one picture from a clean one of the same scene."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d

from invprior.arguments import checked
from invprior.errors import InvpriorError

WINDOW = 9
# Degrees of freedom of the residual: a linear fit takes two.
FREEDOM = WINDOW**2 - 2
# Median over mean of a χ² variable, Wilson & Hilferty (1931).
MEDIAN = (1 - 2 / (9 * FREEDOM)) ** 3


@checked
def estimate_beside(y: Tensor, guide: Tensor) -> float:
    """Estimate the noise deviation in ``y`` (C, H, W) with a clean picture of the same scene, ``guide`` (c, H, W).

    In windows of 9×9 pixels y is modelled as a linear function of the guide's gray value, as in the guided filter (He,
    Sun & Tang 2010). The residual counts as noise: σ² is its median variance over the windows, averaged over the
    channels. Unlike the finest wavelet coefficients (:func:`estimate`) this also measures the noise of developed
    pictures, which demosaicking, noise reduction and JPEG have smoothed.

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
    covariance = _local(y * gray) - mean_y * mean_g
    guide_variance = _local(gray[None].square()) - mean_g.square()
    residual = _local(y.square()) - mean_y.square() - covariance.square() / guide_variance.clamp(min=1e-12)
    unbiased = residual.flatten(1).median(1).values * (WINDOW**2 / FREEDOM / MEDIAN)
    return float(unbiased.clamp(min=0).mean().sqrt())


def _local(x: Tensor) -> Tensor:
    return avg_pool2d(x, WINDOW, 1)
