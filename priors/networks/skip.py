"""The hourglass of Ulyanov, Vedaldi & Lempitsky, with and without skip connections."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from invprior.priors.networks.layers import Dropout, Head, Upsampling, block, double, normalisation, packed
from invprior.priors.networks.spec import NetworkSpec


@dataclass(frozen=True)
class SkipSpec(NetworkSpec):
    """The architecture of a :class:`Skip`; every tuple runs from the finest level to the coarsest.

    Attributes
    ----------
    channels
        Channels of each level, down and up.
    skip
        Channels of each level's 1×1 skip connection; 0 means none, and all 0 is the plain hourglass.
    kernel_down, kernel_up
        Odd kernel sizes.
    upsample
        Interpolation of the upsampling, one for all levels or one per level.
    mix
        True if a 1×1 convolution follows the convolution after each join.
    taper
        True if a level's last convolution reduces to the channels of the next finer level: less is upsampled.
    normalise_join
        True if the upsampled features and the skip connection, each normalised, are normalised again after the join.
    dropout
        Share of the values that a randomised pass drops before each convolution of the way up, without which a network
        that is fed with the picture learns to copy its noise (Quan et al., "Self2Self with dropout", CVPR 2020).
    """

    channels: tuple[int, ...] = (128,) * 5
    skip: tuple[int, ...] = (4,) * 5
    kernel_down: int = 3
    kernel_up: int = 3
    upsample: tuple[Upsampling, ...] = ("bilinear",)
    mix: bool = True
    taper: bool = False
    normalise_join: bool = True
    dropout: float = 0.0

    @property
    def multiple(self) -> int:
        return int(2 ** len(self.channels))

    @property
    def smallest(self) -> int:
        # reflection padding needs more pixels than it pads, on the coarsest level
        return self.multiple * (1 + max(self.kernel_down, self.kernel_up) // 2)

    def build(self, inputs: int, outputs: int) -> Skip:
        return Skip(self, inputs, outputs)


class Level(nn.Module):
    """One level: downsample, convolve, run the coarser levels, upsample, join the skip connection, convolve."""

    def __init__(self, spec: SkipSpec, depth: int, inputs: int) -> None:
        super().__init__()
        width, skip = spec.channels[depth], spec.skip[depth]
        deepest = depth + 1 == len(spec.channels)
        # channels that come up from the next coarser level
        below = width if deepest or spec.taper else spec.channels[depth + 1]
        outputs = spec.channels[max(depth - 1, 0)] if spec.taper else width
        self.upsample: Upsampling = spec.upsample[depth % len(spec.upsample)]
        self.skip = block(inputs, skip, 1) if skip else None
        self.down = nn.Sequential(
            block(inputs, width, spec.kernel_down, stride=2), block(width, width, spec.kernel_down)
        )
        self.inner = None if deepest else Level(spec, depth + 1, width)
        self.join = normalisation(skip + below) if spec.normalise_join else None
        self.dropout = Dropout(spec.dropout)
        self.up = nn.ModuleList([block(skip + below, width if spec.mix else outputs, spec.kernel_up)])
        if spec.mix:
            self.up.append(block(width, outputs, 1))

    def forward(self, x: Tensor, rng: torch.Generator | None) -> Tensor:
        deep: Tensor = self.down(x)
        if self.inner is not None:
            deep = self.inner(deep, rng)
        deep = packed(double(deep, self.upsample))
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        if self.join is not None:
            deep = self.join(deep)
        for convolve in self.up:
            deep = convolve(self.dropout(deep, rng))
        return deep


class Skip(nn.Module):
    """The published network (supplement of the CVPR 2018 paper): levels, then a 1×1 convolution and a sigmoid.

    Maps (1, ``inputs``, H, W) to (1, ``outputs``, H, W) in [0, 1], with H and W multiples of ``spec.multiple`` and at
    least ``spec.smallest``.
    """

    def __init__(self, spec: SkipSpec, inputs: int, outputs: int) -> None:
        super().__init__()
        self.levels = Level(spec, 0, inputs)
        self.head = Head(spec.channels[0], outputs)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The image of z; with ``rng`` and a dropout, that of a randomised pass."""
        out: Tensor = self.head(self.levels(z, rng))
        return out
