"""Convolution with a point spread function, for deblurring."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import get_args

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional as F

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.crop import Crop
from invprior.operators.pad import Boundary, check_boundary, extend, fold, image_shape
from invprior.shapes import Shape, Window, own

SPATIAL = 49  # taps up to which a spatial convolution beats the FFT (7×7, measured on two cores in float32)


class Blur(LinearOperator):
    """Ax = h ∗ x: every channel convolved with the point spread function h, keeping its size.

    With the centre of h at c = (⌊(kh − 1)/2⌋, ⌊(kw − 1)/2⌋), the middle of an odd size and the pixel before the
    middle of an even one,

        (Ax)[i] = Σ_k h[k] x̃[i + c − k],   (Aᴴy)[j] = Σ_{i, k: s(i + c − k) = j} h[k] y[i],

    a true convolution: a single bright pixel becomes h, not its mirror image. x̃[i] = x[s(i)] is the picture
    extended by ``boundary`` as in :class:`~invprior.operators.Pad`. The adjoint correlates with h and adds the values
    outside back onto the pixels that they copy. The norm is exact for ``periodic``, max |ĥ|; otherwise it is computed
    by the Lanczos process. Up to 49 taps the sum is computed directly, beyond by FFT, with the same result to rounding.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    psf
        h, real and floating, of shape ``(kh, kw)``; it may be larger than the picture. It sets the dtype and is not
        normalised: divide by its sum to keep the brightness.
    boundary
        ``reflect`` (half-sample symmetric), ``replicate``, ``zero`` or ``periodic``.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes, the PSF is not a floating matrix, or the boundary is unknown.

    Cost
    ----
    kh·kw multiplications per value up to 49 taps; beyond, two real FFTs of every extended channel and one of h. The
    adjoint costs the same.
    """

    psf: Tensor

    def __init__(self, shape: Iterable[int], psf: Tensor, boundary: Boundary = "reflect") -> None:
        shape = image_shape("Blur", shape)
        psf = own(psf)
        if psf.ndim != 2 or not psf.numel() or not psf.is_floating_point():
            raise InvpriorError(
                f"a PSF is a real floating tensor of shape (kh, kw), got {psf.dtype} of shape {tuple(psf.shape)}"
            )
        if not bool(psf.isfinite().all()):
            raise InvpriorError("the PSF holds NaN or infinite values; replace them first")
        check_boundary("boundary", boundary, get_args(Boundary))
        super().__init__(shape, shape)
        self.boundary = boundary
        self.spatial = psf.numel() <= SPATIAL
        self.register_buffer("psf", psf)
        kh, kw = psf.shape
        # x̃[i + c − k] reaches from k − 1 − c before the picture to c after it
        margin = (kh - 1 - (kh - 1) // 2, (kh - 1) // 2, kw - 1 - (kw - 1) // 2, (kw - 1) // 2)
        wraps = boundary == "periodic" and not self.spatial  # the FFT is periodic by itself
        self._margin = (0, 0, 0, 0) if wraps else margin
        H, W = shape[-2:]
        # the extended picture fits; what wraps around falls on the margin, which is cropped
        self._grid = (H, W) if wraps else (next_fast_len(H + kh - 1, True), next_fast_len(W + kw - 1, True))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Blur:
        most = 12 if rng.random() < 0.4 else 4  # about half of the larger ones use the FFT
        size = (rng.randint(1, most), rng.randint(1, most))
        psf = torch.rand(size, generator=torch.Generator().manual_seed(rng.getrandbits(31))) + 0.01
        return cls(shape, psf / psf.sum(), rng.choice(get_args(Boundary)))

    def forward(self, x: Tensor) -> Tensor:
        if x.is_complex():
            return torch.complex(self.forward(x.real), self.forward(x.imag))
        top, bottom, left, right = self._margin
        x = extend(extend(x, -2, top, bottom, self.boundary), -1, left, right, self.boundary)
        if self.spatial:
            return self._correlate(x, self.psf.flip(0, 1), 0, 0)
        H, W = self.in_shape[-2:]
        out: Tensor = torch.fft.irfft2(torch.fft.rfft2(x, s=self._grid) * self._spectrum(), s=self._grid)
        return out[..., top : top + H, left : left + W]

    def adjoint(self, y: Tensor) -> Tensor:
        if y.is_complex():
            return torch.complex(self.adjoint(y.real), self.adjoint(y.imag))
        top, bottom, left, right = self._margin
        if self.spatial:
            # the transpose of a correlation with flipped h is a full correlation with h
            out = self._correlate(y, self.psf, self.psf.shape[0] - 1, self.psf.shape[1] - 1)
        else:
            H, W = self.in_shape[-2:]
            # the transpose of the crop, of the circular convolution and of the zero padding, in turn
            placed = F.pad(y, (left, right, top, bottom))
            out = torch.fft.irfft2(torch.fft.rfft2(placed, s=self._grid) * self._spectrum().conj(), s=self._grid)
            out = out[..., : top + H + bottom, : left + W + right]
        return fold(fold(out, -1, left, right, self.boundary), -2, top, bottom, self.boundary)

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        H, W = self.in_shape[-2:]
        kh, kw = self.psf.shape
        if self.boundary == "periodic" or kh > window.height or kw > window.width:
            return None
        before, after = (kh - 1 - (kh - 1) // 2, kw - 1 - (kw - 1) // 2), ((kh - 1) // 2, (kw - 1) // 2)
        # a cut edge loses half a kernel; an edge of the picture keeps its boundary condition and loses nothing
        top, left = before[0] * (window.top > 0), before[1] * (window.left > 0)
        bottom = window.height - after[0] * (window.bottom < H)
        right = window.width - after[1] * (window.right < W)
        if bottom <= top or right <= left:
            return None
        blur = Blur((*self.in_shape[:-2], window.height, window.width), self.psf, self.boundary)
        crop = Crop(blur.out_shape, top, left, bottom - top, right - left)
        measured = Window(window.top + top, window.top + bottom, window.left + left, window.left + right)
        return crop @ blur, measured

    @property
    def reach(self) -> int:
        return max(self.psf.shape)

    def norm(self) -> float:
        if self.boundary == "periodic":
            # circulant: the singular values are |ĥ|
            return float(torch.fft.fft2(self._wrapped(*self.in_shape[-2:]).double()).abs().max())
        return super().norm()

    def _correlate(self, x: Tensor, weight: Tensor, rows: int, cols: int) -> Tensor:
        """Correlation of each channel with ``weight``, padded by ``rows`` and ``cols`` zeros on each side."""
        channels = math.prod(self.in_shape[:-2])
        flat = x.reshape(-1, channels, *x.shape[-2:])
        kernel = weight.expand(channels, 1, *weight.shape)
        out = F.conv2d(flat, kernel, padding=(rows, cols), groups=channels)
        return out.reshape(*x.shape[:-2], *out.shape[-2:])

    def _spectrum(self) -> Tensor:
        out: Tensor = torch.fft.rfft2(self._wrapped(*self._grid))
        return out

    def _wrapped(self, H: int, W: int) -> Tensor:
        """h on a periodic H × W grid with its centre at the origin; an h larger than the grid wraps around."""
        kh, kw = self.psf.shape
        # pad h to whole copies of the grid and sum the copies
        down, across = -(-kh // H), -(-kw // W)
        whole = F.pad(self.psf, (0, across * W - kw, 0, down * H - kh))
        return whole.reshape(down, H, across, W).sum((0, 2)).roll((-((kh - 1) // 2), -((kw - 1) // 2)), (0, 1))

    def extra_repr(self) -> str:
        return f"{self.in_shape}, psf={tuple(self.psf.shape)}, boundary={self.boundary!r}"
