"""The Fourier transform at frequencies that lie on no grid."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import Literal

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape


class NonuniformFourier(LinearOperator):
    """(Ax)_m = (HW)^(−½) Σ_{i, j} x[i, j] exp(−2πi(u_m (i − H/2) + v_m (j − W/2))): radial and spiral MRI.

    The sum is exact. It factors into one along the columns and one along the rows, both products of matrices. On real
    pictures the inner product of measurements is Re⟨·, ·⟩, so the adjoint is Re(Aᴴy).

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    frequencies
        (u, v) of every measurement, in cycles per pixel from −½ to ½ along height and width: (M, 2), floating. The
        measurements have the shape ``(..., M)``.
    domain
        Whether the pictures are ``real`` or ``complex``.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes, the frequencies are not such a tensor or lie beyond ±½, or the domain is
        unknown.

    Cost
    ----
    8·C·M·H·W operations in either direction, at the speed of matrix products, and 8·M·(H + W) bytes: tenths of a second
    for 128² pixels and as many measurements. Beyond 256² take a gridding library, as through ``interop``.

    References
    ----------
    - Fessler & Sutton, "Nonuniform fast Fourier transforms using min-max interpolation", IEEE Trans. Signal Process. 51
      (2003), equation 1.
    """

    rows: Tensor
    columns: Tensor

    def __init__(
        self, shape: Iterable[int], frequencies: Tensor, domain: Literal["real", "complex"] = "complex"
    ) -> None:
        shape = image_shape("NonuniformFourier", shape)
        k = frequencies
        if not (isinstance(k, Tensor) and k.is_floating_point() and k.ndim == 2 and k.shape[1] == 2 and len(k)):
            got = f"{k.dtype} of shape {tuple(k.shape)}" if isinstance(k, Tensor) else type(k).__name__
            raise InvpriorError(f"frequencies are a floating tensor (M, 2), got {got}")
        if not bool((k.abs() <= 0.5).all()):
            raise InvpriorError("frequencies are in cycles per pixel, from -0.5 to 0.5; divide angles by 2π")
        if domain not in ("real", "complex"):
            raise InvpriorError(f"domain takes real or complex, got {domain!r}")
        super().__init__(shape, (*shape[:-2], len(k)))
        self.domain = domain
        self.in_complex, self.out_complex = domain == "complex", True
        H, W = shape[-2:]
        self.register_buffer("rows", _waves(k[:, 0], H) / math.sqrt(H))
        self.register_buffer("columns", _waves(k[:, 1], W) / math.sqrt(W))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> NonuniformFourier:
        numbers = torch.Generator().manual_seed(rng.getrandbits(31))
        frequencies = torch.rand(rng.randint(1, 12), 2, generator=numbers, dtype=torch.float64) - 0.5
        return cls(shape, frequencies, "complex" if rng.random() < 0.5 else "real")

    @classmethod
    def radial(
        cls, shape: Iterable[int], spokes: int, samples: int, domain: Literal["real", "complex"] = "complex"
    ) -> NonuniformFourier:
        """Spokes through the zero frequency, each turned by the golden angle from the last (Winkelmann et al. 2007).

        Raises
        ------
        InvpriorError
            If a number is below 1.
        """
        if min(spokes, samples) < 1:
            raise InvpriorError(f"a radial trajectory has 1 spoke and 1 sample or more, got {spokes} and {samples}")
        angle = math.pi * (math.sqrt(5) - 1) / 2 * torch.arange(spokes, dtype=torch.float64)
        radius = (torch.arange(samples, dtype=torch.float64) - samples // 2) / max(samples, 2)
        points = torch.stack([torch.outer(angle.sin(), radius), torch.outer(angle.cos(), radius)], dim=-1)
        return cls(shape, points.reshape(-1, 2).float(), domain)

    def forward(self, x: Tensor) -> Tensor:
        along = x.to(self.rows.dtype) @ self.columns.mT  # (..., H, M)
        return (along * self.rows.mT).sum(-2)

    def adjoint(self, y: Tensor) -> Tensor:
        x = (self.rows.conj() * y[..., None]).mT @ self.columns.conj()
        return x if self.in_complex else x.real

    def extra_repr(self) -> str:
        return f"{self.in_shape}, frequencies={self.out_shape[-1]}, domain={self.domain!r}"


def _waves(frequencies: Tensor, n: int) -> Tensor:
    """exp(−2πi f (k − n/2)) for every frequency f and k below n, in the precision of the frequencies."""
    phase = frequencies.double()[:, None] * (torch.arange(n, dtype=torch.float64, device=frequencies.device) - n // 2)
    waves = torch.polar(torch.ones_like(phase), -2 * math.pi * phase)
    return waves.to(torch.complex(frequencies[:1], frequencies[:1]).dtype)
