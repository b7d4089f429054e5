"""A scene photographed twice: in a dim warm light, and with a flash that throws a shadow and makes a highlight."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior import noise
from invprior.noise import Noise
from invprior.operators import FlashPair

AMBIENT = noise.PoissonGaussian(0.02, 0.02)
FLASH = noise.Gaussian(0.004)
WARM = (0.55, 0.4, 0.25)


@dataclass(frozen=True, eq=False)
class Scene:
    """The truth and what was measured, each (3, H, W); where only the flash has a shadow, and where a highlight."""

    ambient: Tensor
    no_flash: Tensor
    flash: Tensor
    shadow: Tensor
    highlight: Tensor
    noise: Noise = AMBIENT


def scene(clean: Tensor, seed: int = 0) -> Scene:
    """Light the picture ``clean`` (3, H, W) of the scene's colours in both ways and expose it with the operator."""
    _, H, W = clean.shape
    down, right = torch.meshgrid(torch.linspace(0, 1, H), torch.linspace(0, 1, W), indexing="ij")
    lamp = torch.tensor(WARM)[:, None, None] * (0.6 + 0.8 * right)
    shadow = ((down - 0.3) % 0.5 < 0.22) & ((right + 0.3 * down) % 0.5 < 0.25)
    highlight = torch.exp(-((down - 0.12).square() + (right - 0.8).square()) / 0.05**2)
    flash_lamp = 0.6 * (1 - 0.5 * ((down - 0.5).square() + (right - 0.5).square())) * ~shadow
    ambient = clean * lamp
    light = clean * flash_lamp + 0.3 * highlight
    A = FlashPair(clean.shape, (1.0, 0.4))
    y = A(torch.stack([ambient, light / A.exposures[1]]))
    rng = torch.Generator().manual_seed(seed)
    no_flash = AMBIENT.sample(y[0], rng).clamp(0, 1)
    flash = FLASH.sample(y[1], rng).clamp(0, 1)
    return Scene(ambient, no_flash, flash, shadow, highlight > 0.1)
