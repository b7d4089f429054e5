"""What demosaicing makes of white noise."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d


def demosaiced(mosaic: Tensor) -> Tensor:
    """The colours (3, H, W) of a Bayer mosaic (H, W), by bilinear interpolation."""
    red, blue = torch.zeros_like(mosaic), torch.zeros_like(mosaic)
    red[::2, ::2], blue[1::2, 1::2] = 1, 1
    tent = torch.tensor([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]).to(mosaic)
    cross = torch.tensor([[0.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 0.0]]).to(mosaic)
    kernels = ((red, tent), (1 - red - blue, cross), (blue, tent))
    return torch.cat([conv2d((mosaic * m)[None, None], k[None, None], padding=1)[0] for m, k in kernels])


def mosaic_noise(sigma: float, size: int, seed: int) -> Tensor:
    """Demosaiced noise (3, size, size) of a mosaic with white noise."""
    numbers = torch.Generator().manual_seed(seed)
    return demosaiced(sigma * torch.randn(size, size, generator=numbers))
