"""The convolutional decoder of Darestani & Heckel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from invprior.priors.networks.layers import Convolution, Head, Upsampling, double, normalisation, packed
from invprior.priors.networks.spec import DecoderSpec


@dataclass(frozen=True)
class ConvDecoderSpec(DecoderSpec):
    """The architecture of a :class:`ConvDecoder`.

    Attributes
    ----------
    channels
        Channels of each upsampling layer, coarsest first.
    last
        Channels of the layer at full size.
    kernel
        Odd kernel size.
    upsample
        Interpolation of the upsampling.
    """

    channels: tuple[int, ...] = (64,) * 5
    last: int = 64
    kernel: int = 3
    upsample: Upsampling = "nearest"

    def build(self, inputs: int, outputs: int) -> ConvDecoder:
        return ConvDecoder(self, inputs, outputs)


class ConvDecoder(nn.Module):
    """Darestani & Heckel (2021): upsampling, convolution, ReLU and normalisation in turn; no encoder.

    Maps (1, ``inputs``, h, w) to (1, ``outputs``, H, W) in [0, 1], H and W being ``spec.reduction`` times h and w.
    """

    def __init__(self, spec: ConvDecoderSpec, inputs: int, outputs: int) -> None:
        super().__init__()
        self.upsample: Upsampling = spec.upsample
        widths = (inputs, *spec.channels, spec.last)
        pairs = list(pairwise(widths))
        self.convolutions = nn.ModuleList(Convolution(a, b, spec.kernel) for a, b in pairs)
        self.norms = nn.ModuleList(normalisation(b) for _, b in pairs)
        self.head = Head(spec.last, outputs)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The image of z; no pass is randomised."""
        x = z
        last = len(self.norms) - 1
        for k, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if k < last:
                x = packed(double(x, self.upsample))
            x = norm(convolution(x).relu())
        out: Tensor = self.head(x)
        return out
