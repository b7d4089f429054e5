"""The generator of the deep image prior along any one to three axes: volumes, spectra, signals."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.prior import Generator
from invprior.priors.networks.jitter import jittered
from invprior.priors.networks.spec import drawn_from
from invprior.priors.networks.volume import VolumeSpec
from invprior.priors.presets import Preset
from invprior.shapes import Shape

# Channels of the input that tell where along the depth a slice is.
WAVES = 4


class VolumeGenerator(Generator):
    """x = f_θ(z) with f_θ convolving along ``axes``; all other axes are channels of the network's output.

    Parameters
    ----------
    network
        Maps (1, c, D, H, W) to (1, C, D, H, W).
    z
        The input, (1, c, D, H, W); axes that are missing have length 1.
    shape
        Event shape of the image.
    axes
        The axes of ``shape``, negative and in ascending order, that D, H and W are the last ones of.
    jitter
        Standard deviation of the noise added to z in a randomised pass.
    """

    constants = frozenset({"z"})
    unit_range = True
    z: Tensor

    def __init__(self, network: nn.Module, z: Tensor, shape: Shape, axes: tuple[int, ...], jitter: float) -> None:
        super().__init__()
        self.network, self.shape, self.axes, self.jitter = network, shape, axes, jitter
        self.tied = axes
        self.register_buffer("z", z)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        z = jittered(self.z, self.jitter, rng)
        whole: Tensor = self.network(z)
        rest = [self.shape[a] for a in range(-len(self.shape), 0) if a not in self.axes]
        last = tuple(range(-len(self.axes), 0))
        return whole.reshape(*rest, *(self.shape[a] for a in self.axes)).movedim(last, self.axes)


def volume_generator(shape: Shape, axes: tuple[int, ...], settings: Preset, rng: torch.Generator) -> VolumeGenerator:
    """A new generator for images of this shape, random from ``rng``.

    Raises
    ------
    InvpriorError
        If the axes are not one to three different ones of the shape.
    """
    n = len(shape)
    named = all(isinstance(a, int) and -n <= a < n for a in axes)
    if not (named and 1 <= len(axes) <= 3 and len({a % n for a in axes}) == len(axes)):
        raise InvpriorError(
            f"the axes of a DIP are one to three different ones of an image of shape {shape}, got {axes}"
        )
    tied = tuple(sorted(a % n - n for a in axes))
    sizes = [shape[a] for a in tied]
    depth, height, width = (*[1] * (3 - len(sizes)), *sizes)
    channels = math.prod(shape) // math.prod(sizes)
    seed = int(torch.randint(2**62, (), generator=rng))
    z = _input(settings.input_channels, (depth, height, width), rng)
    with drawn_from(seed):
        network = VolumeSpec().build(settings.input_channels, channels, (depth, height, width))
    return VolumeGenerator(network, z, shape, tied, settings.jitter)


def _input(channels: int, size: tuple[int, int, int], rng: torch.Generator) -> Tensor:
    """Noise of one slice, the same in all, and waves along the depth that tell the slices apart.

    What the slices share, such as the edges in all bands of a spectrum, is then drawn once instead of in each of them.
    """
    depth, height, width = size
    noise = 0.1 * torch.rand(1, channels - WAVES, 1, height, width, generator=rng)
    place = (torch.arange(depth) + 0.5) / depth
    waves = 0.05 + 0.05 * torch.cos(math.pi * torch.arange(1, WAVES + 1)[:, None] * place)
    return torch.cat([noise.expand(-1, -1, depth, -1, -1), waves[None, :, :, None, None].expand(-1, -1, *size)], dim=1)
