"""The hourglass with skip connections in one to three dimensions, for volumes, spectra and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad

# One number for depth, height and width.
Steps = tuple[int, int, int]
# Axes shorter than this are not halved: their coarse levels would hold the mean alone.
HALVED = 4


@dataclass(frozen=True)
class VolumeSpec:
    """The architecture of a :class:`Volume`; every tuple runs from the finest level to the coarsest.

    Attributes
    ----------
    channels
        Channels of each level, down and up.
    skip
        Channels of each level's skip connection.
    """

    channels: tuple[int, ...] = (32, 32, 64, 64)
    skip: tuple[int, ...] = (8, 8, 8, 8)

    def build(self, inputs: int, outputs: int, size: Steps) -> Volume:
        """A new, randomly initialised network for volumes of this size, which convolves along axes longer than 1."""
        return Volume(self, inputs, outputs, size)


class Convolution(nn.Conv3d):
    """A convolution whose borders repeat the last values, with stride 1 or 2 along each axis.

    It runs as one of pictures, whose channels are those of all slices under the kernel: torch's own in three dimensions
    takes a slow path for small volumes.
    """

    def __init__(self, inputs: int, outputs: int, kernel: Steps, stride: Steps) -> None:
        super().__init__(inputs, outputs, kernel, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        around = [n // 2 for k in reversed(self.kernel_size) for n in (k, k)]
        slices = (pad(x, around, mode="replicate") if any(around) else x)[0].movedim(1, 0)
        deep, step = self.kernel_size[0], self.stride[0]
        last = len(slices) - deep + 1
        under = torch.cat([slices[k : k + last : step] for k in range(deep)], dim=1)
        out = conv2d(under, self.weight.movedim(2, 1).flatten(1, 2), None, self.stride[1:])
        return out.movedim(0, 1)[None]


def _stride(n: int) -> int:
    return 2 if n >= HALVED else 1


def _each(size: Steps, of: Callable[[int], int]) -> Steps:
    return of(size[0]), of(size[1]), of(size[2])


def _block(inputs: int, outputs: int, kernel: Steps, stride: Steps = (1, 1, 1)) -> nn.Sequential:
    normalisation = nn.BatchNorm3d(outputs, track_running_stats=False)
    return nn.Sequential(Convolution(inputs, outputs, kernel, stride), normalisation, nn.LeakyReLU(0.2, inplace=True))


class Level(nn.Module):
    """One level: halve, convolve, run the coarser levels, upsample, join the skip connection, convolve."""

    def __init__(self, spec: VolumeSpec, depth: int, inputs: int, size: Steps) -> None:
        super().__init__()
        width, skip = spec.channels[depth], spec.skip[depth]
        kernel, stride = _each(size, lambda n: 3 if n > 1 else 1), _each(size, _stride)
        coarse = _each(size, lambda n: -(-n // _stride(n)))
        deepest = depth + 1 == len(spec.channels) or max(stride) == 1
        below = width if deepest else spec.channels[depth + 1]
        self.skip = _block(inputs, skip, (1, 1, 1))
        self.down = nn.Sequential(_block(inputs, width, kernel, stride), _block(width, width, kernel))
        self.inner = None if deepest else Level(spec, depth + 1, width, coarse)
        self.up = nn.Sequential(_block(skip + below, width, kernel), _block(width, width, (1, 1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        deep = self.down(x)
        if self.inner is not None:
            deep = self.inner(deep)
        deep = interpolate(deep, size=x.shape[2:], mode="trilinear", align_corners=False)
        out: Tensor = self.up(torch.cat([self.skip(x), deep], dim=1))
        return out


class Volume(nn.Module):
    """The network of Ulyanov, Vedaldi & Lempitsky with three-dimensional convolutions.

    Maps (1, ``inputs``, D, H, W) to (1, ``outputs``, D, H, W) in [0, 1]. Axes of length 1 are not convolved, and those
    shorter than four not halved, so that signals and pictures are volumes too.
    """

    def __init__(self, spec: VolumeSpec, inputs: int, outputs: int, size: Steps) -> None:
        super().__init__()
        self.levels = Level(spec, 0, inputs, size)
        self.head = nn.Conv3d(spec.channels[0], outputs, 1)

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.head(self.levels(z)))
