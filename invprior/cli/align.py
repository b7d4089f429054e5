"""Alignment of two pictures of a scene taken in different light."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operators.warp import Warp

FINE = 1.5  # sigma in pixels of the smoothing against noise
WIDE = 16.0  # sigma in pixels of the local mean that edge strengths are divided by
STEPS = 20  # per pixel
LEAST = 16  # pixels of the shorter side
FARTHEST = 0.1  # of the shorter side; a correlation that peaks farther off is spurious


def offset(picture: Tensor, reference: Tensor) -> tuple[float, float]:
    """Rows and columns by which ``picture`` (C, H, W) has to move to lie on ``reference``, to a twentieth of a pixel.

    The shift maximises the cross-correlation of edge strengths, |∇ G₂ * log x| over its local mean (Guizar-Sicairos,
    Thurman & Fienup 2008, as in ``skimage.registration``). A strength has no sign and the logarithm no scale, so colour
    and direction of the light matter little; the smoothing G₂ keeps noise out of the correlation.

    Raises
    ------
    InvpriorError
        If the pictures have different heights or widths or sides below 16 pixels, or do not match within a tenth of the
        shorter side.
    """
    from skimage.registration import phase_cross_correlation  # takes half a second to import

    if picture.shape[-2:] != reference.shape[-2:] or min(picture.shape[-2:]) < LEAST:
        raise InvpriorError(
            f"pictures to align are of one size of at least {LEAST}×{LEAST}, "
            f"got {tuple(picture.shape)} and {tuple(reference.shape)}"
        )
    # no phase normalisation: it would give noise the weight of edges
    shift = phase_cross_correlation(_edges(reference), _edges(picture), upsample_factor=STEPS, normalization=None)[0]
    rows, columns = float(shift[0]), float(shift[1])
    if max(abs(rows), abs(columns)) > FARTHEST * min(picture.shape[-2:]):
        raise InvpriorError(
            "the two pictures show no common edges within a tenth of their size; align them by hand, without --align"
        )
    return rows, columns


def moved(picture: Tensor, rows: float, columns: float) -> Tensor:
    """The picture (C, H, W) moved down and to the right, its border repeated; bicubic."""
    flow = picture.new_tensor([-rows, -columns])[:, None, None].expand(2, *picture.shape[-2:])
    return Warp(picture.shape, flow.contiguous(), "bicubic")(picture).clamp(0, 1)


def _edges(picture: Tensor) -> object:
    """Edge strength over its local mean, centred to mean 0 and windowed to 0 at the border."""
    from scipy import ndimage

    gray = picture.detach().cpu().double().mean(0)
    fine = ndimage.gaussian_filter(gray.numpy(), FINE)
    # + 0.02 bounds the logarithm in the dark, + 1e-6 the quotient in flat regions
    strength = ndimage.gaussian_gradient_magnitude(torch.from_numpy(fine).clamp(min=0).add(0.02).log().numpy(), 1.0)
    even = torch.from_numpy(strength / (ndimage.gaussian_filter(strength, WIDE) + 1e-6))
    H, W = even.shape
    window = torch.hann_window(H, dtype=even.dtype)[:, None] * torch.hann_window(W, dtype=even.dtype)
    return ((even - even.mean()) * window).numpy()
