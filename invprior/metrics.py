"""How close a picture is to the truth; for scoring only, no solver sees these figures."""

from __future__ import annotations

import math

from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError

__all__ = ["luma", "psnr", "psnr_luma", "ssim"]


@checked
def psnr(x: Tensor, truth: Tensor) -> float:
    """10 log₁₀(1/MSE) in dB over all values, for pictures in [0, 1]; infinite for equal ones."""
    _check(x, truth)
    mse = float((x.double() - truth.double()).square().mean())
    return math.inf if mse == 0 else -10 * math.log10(mse)


@checked
def luma(x: Tensor) -> Tensor:
    """Y of ITU-R BT.601 with head- and footroom, (65.481 R + 128.553 G + 24.966 B + 16)/255; gray stays unchanged."""
    if x.ndim < 3 or x.shape[-3] != 3:
        return x
    R, G, B = x.unbind(-3)
    return ((65.481 * R + 128.553 * G + 24.966 * B + 16) / 255).unsqueeze(-3)


@checked
def psnr_luma(x: Tensor, truth: Tensor, border: int = 4) -> float:
    """PSNR of Y with ``border`` pixels cut on each side: the measure of the super-resolution literature."""
    _check(x, truth)
    H, W = x.shape[-2:]
    if min(H, W) <= 2 * border:
        border = 0  # nothing would be left
    inside = (..., slice(border, H - border), slice(border, W - border))
    return psnr(luma(x)[inside], luma(truth)[inside])


@checked
def ssim(x: Tensor, truth: Tensor) -> float:
    """Mean structural similarity with a Gaussian window of σ = 1.5 (Wang et al. 2004), as scikit-image computes it.

    The mean over the channels of pictures (C, H, W) of at least 11×11 pixels; NaN for smaller ones.

    References
    ----------
    - Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE
      TIP 13 (2004).
    """
    _check(x, truth)
    if min(x.shape[-2:]) < 11:
        return math.nan
    from skimage.metrics import structural_similarity  # half a second to import

    a, b = (t.detach().cpu().double().numpy() for t in (x, truth))
    return float(
        structural_similarity(
            a,
            b,
            data_range=1.0,
            channel_axis=0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def _check(x: Tensor, truth: Tensor) -> None:
    if x.shape != truth.shape:
        raise InvpriorError(f"cannot compare pictures of shapes {tuple(x.shape)} and {tuple(truth.shape)}")
