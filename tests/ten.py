"""Ten operators as a user writes them."""

from __future__ import annotations

import torch
from scipy.fft import dctn
from scipy.linalg import hadamard
from torch import Tensor
from torch.nn.functional import one_hot, pad

import invprior as ip
from invprior import operators


class Bayer(ip.LinearOperator):
    """One colour a pixel, R G over G B: (3, H, W) to (1, H, W)."""

    pattern: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (1, *shape[-2:]))
        rows, columns = (torch.arange(n) % 2 for n in shape[-2:])
        self.register_buffer("pattern", one_hot(rows[:, None] + columns, 3).movedim(-1, 0).float())

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.pattern).sum(-3, keepdim=True)


class MultiCoil(ip.LinearOperator):
    """Magnetic resonance: lines of the spectrum of a complex slice (1, H, W), as K coils see them."""

    coils: Tensor
    lines: Tensor

    def __init__(self, coils: Tensor, lines: Tensor) -> None:
        super().__init__((1, *coils.shape[-2:]), (len(coils), len(lines), coils.shape[-1]))
        self.in_complex = self.out_complex = True
        self.register_buffer("coils", coils)
        self.register_buffer("lines", lines)

    def forward(self, x: Tensor) -> Tensor:
        spectra: Tensor = torch.fft.fft2(x * self.coils, norm="ortho")
        return spectra[..., self.lines, :]


class Cassi(ip.LinearOperator):
    """A coded snapshot of a spectrum: band k behind the same mask, k columns to the right, all on one detector."""

    mask: Tensor

    def __init__(self, mask: Tensor, bands: int) -> None:
        H, W = mask.shape
        super().__init__((bands, H, W), (H, W + bands - 1))
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        bands = x.shape[-3]
        coded = pad(x * self.mask, (0, bands - 1)).unbind(-3)
        return torch.stack([band.roll(k, -1) for k, band in enumerate(coded)]).sum(0)


class Slices(ip.LinearOperator):
    """Every second slice of a volume (D, H, W)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, ((shape[0] + 1) // 2, *shape[1:]))

    def forward(self, x: Tensor) -> Tensor:
        return x[..., ::2, :, :]


class Varying(ip.LinearOperator):
    """A blur that grows from left to right: a mixture of blurs, with weights that depend on the column."""

    shares: Tensor

    def __init__(self, shape: tuple[int, ...], widths: tuple[float, ...] = (0.4, 1.2, 2.0)) -> None:
        super().__init__(shape, shape)
        self.blurs = torch.nn.ModuleList(operators.Blur(shape, gaussian(w)) for w in widths)
        place = torch.linspace(0, len(widths) - 1, shape[-1])
        self.register_buffer("shares", torch.stack([(1 - (place - k).abs()).clamp(min=0) for k in range(len(widths))]))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([s * b(x) for s, b in zip(self.shares, self.blurs, strict=True)]).sum(0)


class Phaseless(ip.Operator):
    """Phase retrieval: the modulus of the spectrum behind each of K masks of ±1."""

    masks: Tensor

    def __init__(self, masks: Tensor) -> None:
        super().__init__((1, *masks.shape[-2:]), masks.shape)
        self.register_buffer("masks", masks)

    def forward(self, x: Tensor) -> Tensor:
        spectra: Tensor = torch.fft.fft2(x * self.masks, norm="ortho")
        return (spectra.abs().square() + 1e-8).sqrt()

    def start(self, y: Tensor) -> Tensor:
        level = y.square().mean((-3, -2, -1), keepdim=True).sqrt()  # by Parseval that of the picture
        return level * torch.ones_like(y[..., :1, :, :])


class Exposed(ip.Operator):
    """An overexposed 8-bit photograph: gain, clipping, gamma."""

    def __init__(self, shape: tuple[int, ...], gain: float = 1.6, gamma: float = 2.2) -> None:
        super().__init__(shape, shape)
        self.gain, self.gamma = gain, gamma

    def forward(self, x: Tensor) -> Tensor:
        return (self.gain * x).clamp(1e-3, 1) ** (1 / self.gamma)

    def start(self, y: Tensor) -> Tensor:
        return y.clamp(0, 1) ** self.gamma / self.gain


class SinglePixel(ip.LinearOperator):
    """A single-pixel camera: inner products of a square picture with some Hadamard patterns."""

    patterns: Tensor
    kept: Tensor

    def __init__(self, side: int, kept: Tensor) -> None:
        super().__init__((1, side, side), (len(kept),))
        self.register_buffer("patterns", torch.from_numpy(hadamard(side)).float() / side**0.5)
        self.register_buffer("kept", kept)

    def forward(self, x: Tensor) -> Tensor:
        return (self.patterns @ x @ self.patterns).flatten(-3)[..., self.kept]


class Jpeg(ip.Operator):
    """JPEG without its entropy coding: the coefficients of 8×8 blocks are rounded to multiples of a step.

    The derivative is that without rounding ("straight through"), so that descent knows where to go.
    """

    basis: Tensor
    steps: Tensor

    def __init__(self, shape: tuple[int, ...], quality: float = 1.0) -> None:
        super().__init__(shape, shape)
        basis = torch.stack([torch.from_numpy(dctn(row, norm="ortho", axes=(0,))) for row in torch.eye(8).numpy()], 1)
        self.register_buffer("basis", basis.float())
        ramp = torch.arange(8)
        self.register_buffer("steps", (16 + 8 * (ramp[:, None] + ramp).float()) / 255 / quality)

    def forward(self, x: Tensor) -> Tensor:
        H, W = x.shape[-2:]
        blocks = x.reshape(*x.shape[:-2], H // 8, 8, W // 8, 8).transpose(-3, -2)
        c = self.basis @ blocks @ self.basis.T / self.steps
        rounded = (c + (c.round() - c).detach()) * self.steps
        return (self.basis.T @ rounded @ self.basis).transpose(-3, -2).reshape(x.shape)

    def start(self, y: Tensor) -> Tensor:
        return y


def gaussian(width: float) -> Tensor:
    t = torch.arange(-6, 7) / width
    line = torch.exp(-(t**2) / 2)
    return line[:, None] * line / line.sum() ** 2


def ghost(shape: tuple[int, ...]) -> ip.LinearOperator:
    """Sums and products: a reflection 5 columns aside, behind a blur, on a sensor of half the resolution with dust."""
    reflection = operators.from_function(lambda x: x.roll(5, -1), shape)
    lens = operators.Blur(shape, gaussian(0.8)) @ (0.7 * operators.Identity(shape) + 0.3 * reflection)
    small = operators.Lanczos(shape, 2)
    clean = torch.rand(small.out_shape[-2:], generator=numbers()) > 0.1
    return operators.Mask(small.out_shape, clean) @ small @ lens


def numbers(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
