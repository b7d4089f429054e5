"""A scene photographed twice: in a dim warm light, and with a flash that throws a shadow and makes a highlight."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior import noise
from invprior.operators import FlashPair

# on a scale in which the ambient light reaches about a half: photon noise and read noise of a dim exposure
AMBIENT = noise.PoissonGaussian(0.02, 0.02)
FLASH = noise.Gaussian(0.004)
EXPOSURES = (1.0, 0.4)
WARM = (0.55, 0.4, 0.25)


@dataclass(frozen=True, eq=False)
class Scene:
    """The truth and what was measured, each (3, H, W); where only the flash has a shadow, and where a highlight."""

    ambient: Tensor
    no_flash: Tensor
    flash: Tensor
    shadow: Tensor
    highlight: Tensor


def stripes(H: int, W: int) -> Tensor:
    """A mask (H, W) of slanted patches that cover half of the picture."""
    down, right = _coordinates(H, W)
    return ((3 * right + 0.5 * down).floor() + (3 * down).floor()) % 2 == 0


def scene(clean: Tensor, shadow: Tensor, seed: int = 0) -> Scene:
    """Light ``clean`` (3, H, W), the colours of the scene, in both ways and expose it by the operator.

    In ``shadow``, a mask (H, W), the flash gives no light.
    """
    down, right = _coordinates(*clean.shape[-2:])
    ambient = clean * torch.tensor(WARM)[:, None, None] * (0.6 + 0.8 * right)
    highlight = torch.exp(-((down - 0.12).square() + (right - 0.8).square()) / 0.05**2)
    falloff = 1.5 * (1 - 0.5 * ((down - 0.5).square() + (right - 0.5).square()))
    light = (clean * falloff + 0.75 * highlight) * ~shadow
    y = FlashPair(clean.shape, EXPOSURES)(torch.stack([ambient, light]))
    rng = torch.Generator().manual_seed(seed)
    no_flash, flash = AMBIENT.sample(y[0], rng).clamp(0, 1), FLASH.sample(y[1], rng).clamp(0, 1)
    return Scene(ambient, no_flash, flash, shadow, (highlight > 0.1) & ~shadow)


def _coordinates(H: int, W: int) -> list[Tensor]:
    return list(torch.meshgrid(torch.linspace(0, 1, H), torch.linspace(0, 1, W), indexing="ij"))
