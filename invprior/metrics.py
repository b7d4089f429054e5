"""How close a picture is to the truth; for scoring only, no solver sees these figures."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError

__all__ = ["luma", "psnr", "psnr_luma", "psnr_shifted", "ssim"]


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
def psnr_shifted(x: Tensor, truth: Tensor, most: int = 2) -> float:
    """PSNR after the shift of x that fits best, in quarters of a pixel (Levin et al. 2009): for blind deblurring.

    A blurred picture does not tell whether its point spread function or the picture is shifted. The shift is by
    Fourier interpolation of the mirrored picture; ``most`` + 2 pixels are cut on each side.

    Parameters
    ----------
    most
        The largest shift in pixels.

    References
    ----------
    - Levin, Weiss, Durand & Freeman, "Understanding and evaluating blind deconvolution algorithms", CVPR 2009.
    """
    _check(x, truth)
    if most < 0:
        raise InvpriorError(f"the largest shift is 0 pixels or more, got {most}")
    H, W = x.shape[-2:]
    cut = most + 2
    if min(H, W) <= 2 * cut:
        raise InvpriorError(f"a picture of {H}×{W} pixels is too small for shifts of up to {most} pixels")
    rows = torch.cat([x, x.flip(-2)], -2)
    spectrum = torch.fft.fft2(torch.cat([rows, rows.flip(-1)], -1).double())
    down = torch.fft.fftfreq(2 * H, dtype=torch.float64, device=x.device)[:, None]
    across = torch.fft.fftfreq(2 * W, dtype=torch.float64, device=x.device)
    inside = (..., slice(cut, H - cut), slice(cut, W - cut))

    def score(shift: tuple[float, float]) -> float:
        turn = torch.exp(-2j * math.pi * (shift[0] * down + shift[1] * across))
        moved = torch.fft.ifft2(spectrum * turn).real[..., :H, :W]
        return psnr(moved[inside], truth.double()[inside])

    def around(centre: tuple[float, float], step: float, count: int) -> list[tuple[float, float]]:
        steps = [step * k for k in range(-count, count + 1)]
        near = [(centre[0] + a, centre[1] + b) for a in steps for b in steps]
        return [s for s in near if max(abs(s[0]), abs(s[1])) <= most]

    whole = max(around((0.0, 0.0), 1, most), key=score)
    return max(map(score, around(whole, 0.25, 3)))


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
