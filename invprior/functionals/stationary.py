"""Squares weighted by the inverse of a covariance that is the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Functional, Step
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Stationary(Functional):
    """f(u) = ½ ⟨u − b, Σ⁻¹(u − b)⟩ with a covariance Σ that circular shifts leave as it is.

    Σ is diagonal after a Fourier transform, but for a small matrix between the channels at each frequency. prox:
    b + Σ (Σ + step I)⁻¹ (u − b). Conjugate: ⟨u, b⟩ + ½ ⟨u, Σ u⟩. Complex values count by real and imaginary part.

    Parameters
    ----------
    covariance
        That of a value with the one at each circular offset from it, (H, W) for channels that are alike and
        independent, or (C, C, H, W) from each channel to each; Σ is positive definite.
    center
        b, a tensor (…, H, W) or (…, C, H, W).
    """

    covariance: Tensor
    center: Tensor

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Stationary:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        center = torch.randn(shape, generator=numbers, dtype=torch.float64)
        joint = len(shape) > 2 and rng.random() < 0.5
        channels = shape[-3] if joint else 1
        kernel = torch.randn((channels, channels, *shape[-2:]), generator=numbers, dtype=torch.float64)
        K = torch.fft.fft2(kernel, norm="ortho")
        covariance = torch.fft.ifft2(torch.einsum("achw,bchw->abhw", K, K.conj())).real
        covariance[:, :, 0, 0] += 0.3 * torch.eye(channels, dtype=torch.float64)
        return cls(covariance if joint else covariance[0, 0], center)

    @property
    def curvature(self) -> float:
        return 1 / float(self._modes[0].min())

    def __call__(self, u: Tensor) -> Tensor:
        rest = u - self.center
        return 0.5 * (rest.conj() * self._map(rest, torch.reciprocal)).real.sum()

    def gradient(self, u: Tensor) -> Tensor:
        return self._map(u - self.center, torch.reciprocal)

    def prox(self, u: Tensor, step: Step) -> Tensor:
        if isinstance(step, Tensor) and step.numel() > 1:
            raise InvpriorError("the proximal map of Stationary takes one step for all values; take a scalar step")
        return self.center + self._map(u - self.center, lambda values: values / (values + step))

    def conj(self, u: Tensor) -> Tensor:
        return (u.conj() * (self.center + 0.5 * self._map(u, lambda values: values))).real.sum()

    def whitened(self, u: Tensor) -> Tensor:
        """Σ^(−1/2) (u − b): of independent numbers with variance 1, if u has the mean b and the covariance Σ."""
        return self._map(u - self.center, torch.rsqrt)

    @cached_property
    def _modes(self) -> tuple[Tensor, Tensor | None]:
        """Eigenvalues of Σ at each frequency, (H, W/2 + 1) or (C, H, W/2 + 1), and its vectors (H, W/2 + 1, C, C)."""
        spectrum = torch.fft.rfft2(self.covariance.double())
        if self.covariance.ndim == 2:
            return spectrum.real, None
        # the covariance of n_a(p) with n_b(p + d) is at d: against the sense of a convolution
        values, vectors = torch.linalg.eigh(spectrum.conj().permute(2, 3, 0, 1))
        return values.permute(2, 0, 1), vectors

    def _map(self, u: Tensor, of_values: Callable[[Tensor], Tensor]) -> Tensor:
        """The function of Σ that has these values for its eigenvalues, applied to u."""
        if u.is_complex():
            return torch.complex(self._map(u.real, of_values), self._map(u.imag, of_values))
        values, vectors = self._modes
        factor, spectrum = of_values(values).to(u.dtype), torch.fft.rfft2(u)
        if vectors is None:
            spectrum = factor * spectrum
        else:
            vectors = vectors.to(spectrum.dtype)
            along = factor * torch.einsum("hwba,...bhw->...ahw", vectors.conj(), spectrum)
            spectrum = torch.einsum("hwab,...bhw->...ahw", vectors, along)
        mapped: Tensor = torch.fft.irfft2(spectrum, s=u.shape[-2:])
        return mapped


def circulant(covariance: Tensor, height: int, width: int) -> Tensor:
    """The circulant covariance nearest to a stationary one, by offset, (C, C, height, width) (T. Chan 1988).

    The entry at an offset d is the mean of what the pairs of pixels have that are a circular d apart.
    """
    r = covariance.shape[-1] // 2
    offset = torch.arange(-r, r + 1, device=covariance.device)

    def onto(n: int) -> Tensor:
        share = (1 - offset.to(covariance.dtype).abs() / n).clamp(min=0)
        return covariance.new_zeros(n, len(offset)).index_put_((offset % n, offset + r), share)

    return torch.einsum("hi,abij,wj->abhw", onto(height), covariance, onto(width))
