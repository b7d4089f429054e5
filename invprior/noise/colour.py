"""Kernels that colour white noise: a Gaussian, and one that is measured."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.errors import InvpriorError


def gaussian_kernel(width: float) -> Tensor:
    """A Gaussian of this standard deviation in pixels, (2r + 1, 2r + 1) out to four of them; 1×1 for a width of 0."""
    r = math.ceil(4 * width)
    along = torch.arange(-r, r + 1, dtype=torch.float64)
    profile = torch.exp(-0.5 * (along / max(width, 1e-3)).square())
    return torch.outer(profile, profile)


def colour_of(residual: Tensor, radius: int) -> tuple[float, Tensor]:
    """Standard deviation of stationary noise (…, C, H, W), and a kernel with its power.

    The kernel, (C, C, 2 radius + 1, 2 radius + 1), is the root of the power spectrum, symmetric and thus the shortest.
    A ramp is taken off first.
    """
    if not (isinstance(radius, int) and 1 <= radius <= 16):
        raise InvpriorError(f"the radius of measured noise is 1 to 16 pixels, got {radius!r}")
    if residual.ndim < 2 or min(residual.shape[-2:]) < 4 * radius or residual.is_complex():
        raise InvpriorError(
            f"noise is measured from real values (…, H, W) of at least {4 * radius} by {4 * radius} for a radius of "
            f"{radius}, got {residual.dtype} of {tuple(residual.shape)}"
        )
    values = residual.detach().double()
    channels = values.shape[-3] if values.ndim > 2 else 1
    rest = _without_ramp(values.reshape(-1, channels, *values.shape[-2:]))
    covariance = _covariance(rest, 2 * radius)
    variances = torch.diagonal(covariance[:, :, 0, 0])
    if not (bool(variances.isfinite().all()) and float(variances.min()) > 1e-6 * float(variances.max()) > 0):
        raise InvpriorError("noise is measured where every channel has some; this part has a channel without any")
    # the matrices of the frequencies are positive, but for chance: their roots are those of the positive part
    spectrum = torch.fft.fft2(covariance).conj().permute(2, 3, 0, 1)
    power, vectors = torch.linalg.eigh(spectrum)
    root = vectors * power.clamp(min=0).sqrt()[..., None, :] @ vectors.mH
    whole = torch.fft.ifft2(root.permute(2, 3, 0, 1)).real
    kernel = torch.fft.fftshift(whole, (-2, -1))
    middle = 2 * radius
    kernel = kernel[..., middle - radius : middle + radius + 1, middle - radius : middle + radius + 1]
    # cut off, each channel has its variance back
    kernel = kernel * (variances / kernel.square().sum((1, 2, 3))).sqrt().view(-1, 1, 1, 1)
    return math.sqrt(float(variances.mean())), kernel.contiguous()


def _without_ramp(values: Tensor) -> Tensor:
    """(N, C, H, W) without the plane that fits each channel best."""
    H, W = values.shape[-2:]
    rows, columns = (torch.linspace(-1, 1, n, dtype=values.dtype, device=values.device) for n in (H, W))
    rest = values - values.mean((-2, -1), keepdim=True)
    for ramp in (rows[:, None].expand(H, W), columns.expand(H, W)):  # at right angles, and to the mean
        share = (rest * ramp).sum((-2, -1), keepdim=True) / ramp.square().sum()
        rest = rest - share * ramp
    return rest


def _covariance(rest: Tensor, reach: int) -> Tensor:
    """E n_a(p) n_b(p + d) at circular offsets d up to ``reach``, (C, C, 2 reach + 1, 2 reach + 1), 0 at d = 0 first."""
    H, W = rest.shape[-2:]
    size = (H + reach, W + reach)  # zeros between the ends
    F = torch.fft.fft2(rest, s=size)
    sums = torch.fft.ifft2(torch.einsum("nahw,nbhw->abhw", F.conj(), F)).real
    offset = torch.fft.fftfreq(2 * reach + 1, 1 / (2 * reach + 1), device=rest.device).round().long()
    pairs = (H - offset.abs())[:, None] * (W - offset.abs())
    found: Tensor = sums[:, :, offset % size[0]][..., offset % size[1]] / (len(rest) * pairs)
    return found
