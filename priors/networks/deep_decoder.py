"""The deep decoder of Heckel & Hand: 1×1 convolutions and upsampling, fewer weights than the image has values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from invprior.priors.networks.layers import Convolution, Head, Upsampling, double, normalisation, packed
from invprior.priors.networks.spec import DecoderSpec


@dataclass(frozen=True)
class DeepDecoderSpec(DecoderSpec):
    """The architecture of a :class:`DeepDecoder`.

    Attributes
    ----------
    channels
        Channels of each upsampling layer, coarsest first.
    last
        Channels of the layer at full size.
    upsample
        Interpolation of the upsampling.
    """

    channels: tuple[int, ...] = (128,) * 5
    last: int = 128
    upsample: Upsampling = "bilinear"

    def build(self, inputs: int, outputs: int) -> DeepDecoder:
        return DeepDecoder(self, inputs, outputs)


class DeepDecoder(nn.Module):
    """Heckel & Hand (ICLR 2019): B ← cn(relu(U B C)), with U bilinear upsampling, C a 1×1 convolution, cn per channel.

    Maps (1, ``inputs``, h, w) to (1, ``outputs``, H, W) in [0, 1], H and W being ``spec.reduction`` times h and w. With
    so few weights it can hardly fit noise and needs no jitter.
    """

    def __init__(self, spec: DeepDecoderSpec, inputs: int, outputs: int) -> None:
        super().__init__()
        self.upsample: Upsampling = spec.upsample
        widths = (inputs, *spec.channels, spec.last)
        self.mixes = nn.ModuleList(Convolution(a, b, 1) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(normalisation(b) for b in widths[1:])
        self.head = Head(spec.last, outputs)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The image of z; no pass is randomised."""
        x = z
        last = len(self.mixes) - 1
        for k, (mix, norm) in enumerate(zip(self.mixes, self.norms, strict=True)):
            x = mix(x)  # commutes with the upsampling and is cheaper before it
            x = norm((packed(double(x, self.upsample)) if k < last else x).relu())
        out: Tensor = self.head(x)
        return out
