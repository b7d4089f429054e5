"""Layers that compute in the precision of their input, with weights and statistics in full precision.

On a processor that has bfloat16 a convolution takes a third of the time in it. The rounding of the activations is noise
that the average over the iterates removes; weights add up small steps and must not be rounded.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad

Upsampling = Literal["nearest", "bilinear"]


class Convolution(nn.Conv2d):
    """A convolution of odd kernel size with reflected borders, which keeps height and width or halves them."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__(inputs, outputs, kernel, stride, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        p = self.kernel_size[0] // 2
        if p:
            x = pad(x, (p, p, p, p), mode="reflect")
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return conv2d(x, self.weight.to(x.dtype), bias, self.stride)


def normalisation(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation by the statistics of the picture itself, without running averages."""
    return nn.BatchNorm2d(channels, track_running_stats=False)


def block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, leaky ReLU; no bias, since the normalisation would remove it."""
    return nn.Sequential(
        Convolution(inputs, outputs, kernel, stride), normalisation(outputs), nn.LeakyReLU(0.2, inplace=True)
    )


def double(x: Tensor, mode: Upsampling) -> Tensor:
    """x upsampled to twice its height and width."""
    return interpolate(x, scale_factor=2, mode=mode, align_corners=False if mode == "bilinear" else None)


class _Packed(torch.autograd.Function):
    """The identity, with a gradient in the channels-last layout of its argument."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.detach()

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        return grad.contiguous(memory_format=torch.channels_last)


def packed(x: Tensor) -> Tensor:
    """x, with a gradient in the channels-last layout, which the layers before it process fast.

    Without it a concatenation passes back slices and a float32 head passes back planes. Either puts the rest of the
    backward pass on a slow path, which takes ten times as long for bilinear upsampling.
    """
    if not x.is_contiguous(memory_format=torch.channels_last):
        return x
    out: Tensor = _Packed.apply(x)
    return out


class Dropout(nn.Module):
    """Sets a random ``share`` of the values to 0 and scales up the others; the identity without random numbers.

    A byte decides about each value, so that the share is rounded to 1/256: one drawn number makes eight decisions, in a
    quarter of the time of torch's own dropout on a processor.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.least = round(256 * share)

    def forward(self, x: Tensor, rng: torch.Generator | None) -> Tensor:
        if rng is None or self.least == 0:
            return x
        drawn = torch.empty(math.ceil(x.numel() / 8), dtype=torch.int64, device=x.device)
        drawn.random_(-(2**63), None, generator=rng)
        # in the order of x in memory
        kept = drawn.view(torch.uint8)[: x.numel()].as_strided(x.shape, x.stride()) >= self.least
        return x * (kept * (256 / (256 - self.least))).to(x.dtype)


class Head(nn.Module):
    """A 1×1 convolution to the channels of the image, in full precision, and a sigmoid."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.convolution(packed(x).to(self.convolution.weight.dtype)))
