"""What the ten operators of ``tests/ten.py`` measure: a real picture for each, and a prior of either kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

import invprior as ip
from invprior import noise, operators, priors
from tests.helpers import photograph
from tests.ten import (
    Bayer,
    Cassi,
    Exposed,
    Jpeg,
    MultiCoil,
    Phaseless,
    SinglePixel,
    Slices,
    Varying,
    ghost,
    numbers,
)


def picture(side: int, name: str = "chelsea.png") -> Tensor:
    """A part of a photograph at a quarter of its resolution, (3, side, side)."""
    whole = photograph(name, 4 * side, top=20, left=100).float()
    return operators.Lanczos(whole.shape, 4)(whole).clamp(0, 1)


def gray(side: int) -> Tensor:
    return picture(side).mean(0, keepdim=True)


def spectra(x: Tensor, bands: int) -> Tensor:
    """A spectral cube (bands, H, W) of a colour picture: each primary becomes a broad band of the spectrum."""
    wavelength = torch.linspace(0, 1, bands)
    curves = torch.stack([torch.exp(-(((wavelength - c) / 0.22) ** 2) / 2) for c in (0.8, 0.5, 0.2)])
    return torch.einsum("chw,cb->bhw", x, curves / curves.sum(0).amax())


def stack(depth: int, side: int) -> Tensor:
    """A volume (depth, side, side): a photograph through which the view moves, and which fades."""
    whole = photograph(size=3 * side, top=20, left=60).float().mean(0)
    rows = (side / 2 + 2 * torch.sin(torch.arange(depth) / 2)).round().int().tolist()
    views = [whole[r : r + side, d + 4 : d + 4 + side] for d, r in enumerate(rows)]
    return torch.stack(views) * torch.linspace(1, 0.7, depth)[:, None, None]


def slice_of_a_body(side: int) -> tuple[Tensor, Tensor]:
    """A complex slice and the sensitivities of four coils beside it."""
    t = torch.linspace(-1, 1, side)
    coils = [-((t[:, None] - r) ** 2 + (t - c) ** 2) / 2 + 1j * (r * t[:, None] - c * t) for r, c in PLACES]
    return torch.polar(gray(side), (t[:, None] + t**2)[None].contiguous()), torch.stack(coils).exp()


PLACES = ((-1.2, 0.0), (1.2, 0.0), (0.0, -1.2), (0.0, 1.2))
VOLUME = (-3, -2, -1)


@dataclass(frozen=True)
class Case:
    """An operator, a picture for it and what was measured of it, and a prior of either kind, without a weight."""

    name: str
    truth: Tensor
    A: ip.Operator
    y: Tensor
    sigma: float
    tv: ip.Prior = field(default_factory=priors.TV)
    dip: ip.Prior = field(default_factory=lambda: priors.DIP(task="upscale"))
    # slices or bands that make a picture
    shown: tuple[int, ...] = ()

    def problem(self, prior: ip.Prior) -> ip.Problem:
        return ip.Problem(self.A, self.y, noise=noise.Gaussian(self.sigma), prior=prior)

    def score(self, x: Tensor) -> float:
        """PSNR in dB, of complex pictures that of the complex difference."""
        return float(-10 * torch.log10((x - self.truth).abs().square().mean()))


def measured(name: str, x: Tensor, A: ip.Operator, sigma: float = 0.02) -> Case:
    return Case(name, x, A, noise.Gaussian(sigma).sample(A(x), numbers(1)), sigma)


def bayer(side: int) -> Case:
    x = picture(side)
    return replace(measured("Bayer mosaic", x, Bayer(x.shape)), dip=priors.DIP(task="inpaint"))


def mri(side: int) -> Case:
    x, coils = slice_of_a_body(side)
    middle = side // 12  # the middle of the spectrum is at both ends
    lines = [k for k in range(side) if k % 3 == 0 or k < middle or k >= side - middle]
    return measured("multi-coil MRI, every third line", x, MultiCoil(coils, torch.tensor(lines)), 0.01)


def cassi(side: int) -> Case:
    x = spectra(picture(side), 16)
    mask = (torch.rand(side, side, generator=numbers()) > 0.5).float()
    return replace(measured("CASSI, 16 bands", x, Cassi(mask, 16)), shown=(12, 7, 3))


def slices(side: int) -> Case:
    x = stack(16, side)
    case = measured("volume, every second slice", x, Slices(x.shape))
    return replace(case, tv=priors.TV(VOLUME, coupled=False), dip=priors.DIP(axes=VOLUME), shown=(7,))


def varying(side: int) -> Case:
    return measured("spatially varying blur", picture(side), Varying((3, side, side)), 0.01)


def phaseless(side: int) -> Case:
    masks = torch.randint(2, (4, side, side), generator=numbers()).float() * 2 - 1
    return measured("phase retrieval, 4 masks", gray(side), Phaseless(masks))


def exposed(side: int) -> Case:
    return measured("gamma and clipping", picture(side), Exposed((3, side, side)))


def single_pixel(side: int) -> Case:
    side = 1 << (side - 1).bit_length()  # Hadamard patterns have sides that are powers of two
    order = torch.randperm(side**2, generator=numbers())
    kept = torch.cat([torch.zeros(1, dtype=torch.long), order[order != 0][: side**2 // 3]])
    return measured("Hadamard single-pixel camera, a third", gray(side), SinglePixel(side, kept))


def jpeg(side: int) -> Case:
    """Rounding is all the noise there is; sigma says how far the fit may be off."""
    x, A = gray(side), Jpeg((1, side, side), quality=0.4)
    return Case("JPEG quantisation", x, A, A(x), 0.02)


def sums(side: int) -> Case:
    return measured("sums and products", picture(side), ghost((3, side, side)), 0.01)


CASES: tuple[Callable[[int], Case], ...] = (
    bayer,
    mri,
    cassi,
    slices,
    varying,
    phaseless,
    exposed,
    single_pixel,
    jpeg,
    sums,
)
