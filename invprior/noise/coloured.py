"""Noise that is correlated from pixel to pixel, as demosaicing, resizing and film grain make it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from invprior.errors import InvpriorError
from invprior.functionals.stationary import Stationary, circulant
from invprior.noise.base import Noise, Split
from invprior.noise.colour import colour_of, gaussian_kernel
from invprior.noise.recorrupted import recorrupted
from invprior.shapes import Shape, Window

# Share of the variance that is white, so that every frequency has noise and the likelihood a bound.
WHITE = 1e-3


@dataclass(frozen=True, eq=False)
class Coloured(Noise):
    """y = u + n, with Gaussian noise n = σ k ∗ w that a blur k makes of white noise w; it is the same everywhere.

    With the power S of the noise at each frequency,

        −log p(y | u) = ½ Σ_f |F(u − y)_f|² / S_f

    where F is the unitary Fourier transform. k is scaled so that σ² is the variance, its mean if channels differ. A
    thousandth of the variance is white: no frequency is without noise, and S is 30 dB below its mean at the least.
    S is the expected periodogram of n on the measurement: the covariance is taken for the circulant nearest to it (T.
    Chan 1988), exact up to the border. Of complex data the real and the imaginary part have noise of σ each.

    Parameters
    ----------
    sigma
        Standard deviation > 0 on the scale of the data.
    blur
        Standard deviation of a Gaussian k in pixels, 0 for white noise to 20; or k itself: ``(kh, kw)``, the same for
        every channel by itself, or ``(C, C, kh, kw)``, to channel a from the white noise of channel c at ``[a, c]``.

    Raises
    ------
    InvpriorError
        If sigma is not positive and finite, or the blur is none of these; from ``sample`` and ``nll``, if the data have
        no rows and columns, or other channels than the blur.

    Cost
    ----
    A sample convolves with k; the likelihood and its proximal map, in closed form, two Fourier transforms.

    References
    ----------
    - T. Chan, "An optimal circulant preconditioner for Toeplitz systems", SIAM J. Sci. Stat. Comput. 9 (1988).
    - Mäkinen, Azzari & Foi, "Collaborative filtering of correlated noise: exact transform-domain variance for improved
      shrinkage and patch matching", IEEE TIP 29 (2020).
    """

    in_pixels: ClassVar[frozenset[str]] = frozenset({"blur"})
    sigma: float
    blur: float | Tensor

    def __post_init__(self) -> None:
        if not 1e-18 <= self.sigma <= 1e18:
            raise InvpriorError(f"Coloured noise needs a positive sigma, of 1e-18 to 1e18, got {self.sigma}")
        if not isinstance(self.blur, Tensor):
            if not 0 <= self.blur <= 20:
                raise InvpriorError(f"the blur of Coloured noise is a width of 0 to 20 pixels, got {self.blur}")
            return
        k = self.blur
        if k.ndim not in (2, 4) or (k.ndim == 4 and k.shape[0] != k.shape[1]) or not k.is_floating_point():
            raise InvpriorError(
                f"the kernel of Coloured noise is real, (kh, kw) or (C, C, kh, kw), got {k.dtype} of {tuple(k.shape)}"
            )
        power = float(k.square().sum())
        if not 0 < power < math.inf:
            raise InvpriorError("the kernel of Coloured noise is zero or not finite; give one with finite values")

    @classmethod
    def example(cls, rng: Random) -> Coloured:
        sigma = rng.choice([0.1, 0.02, 0.5])
        kernel = torch.tensor([[1.0, 2.0, 1.0], [0.0, 1.0, 0.5]], dtype=torch.float64)
        blurs: list[float | Tensor] = [0.6, 0.4, kernel, kernel[None, None]]
        return cls(sigma, rng.choice(blurs))

    @classmethod
    def measured(cls, residual: Tensor, radius: int = 4) -> Coloured:
        """The model of noise alone, or of a part of a picture that is flat or a ramp without it, (…, C, H, W).

        Variance and correlation of all channels are measured up to ``2 radius`` pixels apart.

        Raises
        ------
        InvpriorError
            If there are too few pixels: the least side is 4 ``radius``; or if one channel has no noise.
        """
        sigma, kernel = colour_of(residual, radius)
        return cls(sigma, kernel)

    @property
    def additive(self) -> bool:
        return True

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        self._check(u)
        if u.is_complex():
            real, imaginary = (self.sample(part, rng) for part in (u.real, u.imag))
            return torch.complex(real, imaginary)
        *_, kh, kw = self._kernel.shape
        wide = _normal(u, (*u.shape[:-2], u.shape[-2] + kh - 1, u.shape[-1] + kw - 1), rng)
        kernel = self._kernel.to(u)
        blurred = conv2d(wide.reshape(-1, len(kernel), *wide.shape[-2:]), kernel.flip(-2, -1)).reshape(u.shape)
        white = self._spread.to(u) * _normal(u, tuple(u.shape), rng)
        noise: Tensor = math.sqrt(1 - WHITE) * blurred + math.sqrt(WHITE) * white
        return u + self.sigma * noise

    def nll(self, y: Tensor) -> Stationary:
        self._check(y)
        covariance = self.sigma**2 * circulant(self._covariance.to(y.device), *y.shape[-2:])
        return Stationary(covariance if len(covariance) > 1 else covariance[0, 0], y)

    def variance(self, u: Tensor) -> Tensor:
        parts = 2 if u.is_complex() else 1
        found = parts * (self.sigma * self._spread).square()
        return found.to(dtype=u.real.dtype, device=u.device)

    @property
    def correlation(self) -> Tensor | None:
        if self._kernel.numel() == 1:
            return None
        spread = self._spread.flatten()
        return self._covariance / (spread[:, None] * spread)[..., None, None]

    def split(self, y: Tensor, share: float, rng: torch.Generator) -> Split:
        first, second = recorrupted(y, self.sample(torch.zeros_like(y, device="cpu"), rng).to(y), share)
        return Split(first, replace(self, sigma=self.sigma / math.sqrt(1 - share)), second)

    def on_window(self, window: Window, shape: tuple[int, ...]) -> Coloured:
        return self  # the kernel is no picture

    @cached_property
    def _kernel(self) -> Tensor:
        """k as (C, C, kh, kw), C = 1 for channels by themselves, of mean variance 1."""
        k = self.blur if isinstance(self.blur, Tensor) else gaussian_kernel(self.blur)
        k = k.double().reshape(*(1,) * (4 - k.ndim), *k.shape)
        return k / (k.square().sum() / len(k)).sqrt()

    @cached_property
    def _covariance(self) -> Tensor:
        """Of a value with another at an offset from it, for σ = 1: (C, C, 2r + 1, 2r + 1)."""
        k = self._kernel
        *_, kh, kw = k.shape
        r = max(kh, kw) - 1
        # E n_a(p) n_b(p + d) = Σ_c,q k_ac(q) k_bc(q + d)
        found = conv2d(pad(k, (r, r, r, r)), k).transpose(0, 1)
        white = self._spread.square().reshape(-1) * WHITE
        found = (1 - WHITE) * found
        found[:, :, r, r] += torch.diag(white)
        return found

    @cached_property
    def _spread(self) -> Tensor:
        """Standard deviation of each channel for σ = 1: (C, 1, 1), or a scalar where all are alike."""
        spread = self._kernel.square().sum((1, 2, 3)).sqrt()
        return spread.view(-1, 1, 1) if len(spread) > 1 else spread[0]

    def _check(self, u: Tensor) -> None:
        channels = len(self._kernel)
        if u.ndim < 2 or (channels > 1 and (u.ndim < 3 or u.shape[-3] != channels)):
            takes = f"(…, {channels}, H, W)" if channels > 1 else "(…, H, W)"
            raise InvpriorError(f"this Coloured noise is of data {takes}, got shape {tuple(u.shape)}")


def _normal(like: Tensor, shape: Shape, rng: torch.Generator | None) -> Tensor:
    return torch.randn(shape, generator=rng, dtype=like.dtype, device=like.device)
