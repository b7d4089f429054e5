"""The orthonormal Fourier transform."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Literal

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape


class Fourier(LinearOperator):
    """(Ax)[u, v] = (HW)^(−½) Σ_{i, j} x[i, j] exp(−2πi(u i/H + v j/W)), over the last two axes.

    The spectrum is complex, of the picture's shape, with the zero frequency first. On complex pictures A is unitary,
    Aᴴ = A⁻¹. On real ones the inner product of spectra is Re⟨·, ·⟩, so the adjoint is Aᴴy = Re(A⁻¹y), and AᴴA = I holds
    too. The norm is 1.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    domain
        Whether the pictures are ``real`` or ``complex``.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes or the domain is unknown.

    Cost
    ----
    One FFT of every channel, O(HW log HW); the adjoint the same.
    """

    def __init__(self, shape: Iterable[int], domain: Literal["real", "complex"] = "real") -> None:
        shape = image_shape("Fourier", shape)
        if domain not in ("real", "complex"):
            raise InvpriorError(f"domain takes real or complex, got {domain!r}")
        super().__init__(shape, shape)
        self.domain = domain
        self.in_complex, self.out_complex = domain == "complex", True

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Fourier:
        return cls(shape, "complex" if rng.random() < 0.5 else "real")

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.fft.fft2(x, norm="ortho")
        return out

    def adjoint(self, y: Tensor) -> Tensor:
        x: Tensor = torch.fft.ifft2(y, norm="ortho")
        return x if self.in_complex else x.real

    def norm(self) -> float:
        return 1.0

    def extra_repr(self) -> str:
        return f"{self.in_shape}, domain={self.domain!r}"
