"""The generator of pictures by a network: its canvas, its input, and what it is shown."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from invprior.prior import Generator, Seen
from invprior.priors.networks.jitter import jittered
from invprior.priors.networks.symmetry import drawn, turned, turned_back
from invprior.shapes import Shape
from invprior.solvers.precision import Precision, convolvable


class NetworkGenerator(Generator):
    """x = f_θ(z) with z a fixed buffer, on a canvas that the network accepts, cropped to ``shape``.

    Parameters
    ----------
    network
        Maps (1, c, H', W') to (1, C, H', W').
    z
        The input, of shape (1, c, H', W').
    shape
        Event shape of the image, ``(C, H, W)`` or ``(H, W)``, with H ≤ H' and W ≤ W'.
    jitter
        Standard deviation of the noise added to z in a randomised pass.
    precision
        The precision that a float32 z is rounded to, and with it the activations of a network that follows its input.
        Devices without fast bfloat16 keep float32; float64 is never rounded.
    held_back
        Share of the measured values that a step holds back. Above 0 the network has 2C more inputs: the back-projection
        of the other values and what of each pixel they tell, or 0 where none is given. A randomised pass then runs on
        the flipped and turned picture.
    """

    constants = frozenset({"z"})
    unit_range = True
    tied = (-2, -1)
    z: Tensor

    def __init__(
        self,
        network: nn.Module,
        z: Tensor,
        shape: Shape,
        jitter: float,
        precision: Precision = "float32",
        held_back: float = 0.0,
    ) -> None:
        super().__init__()
        self.network, self.shape, self.jitter, self.precision = network, shape, jitter, precision
        self.held_back = held_back
        self.register_buffer("z", z)

    def forward(self, rng: torch.Generator | None = None, seen: Seen | None = None) -> Tensor:
        z = jittered(self.z, self.jitter, rng)
        symmetry = 0
        if self.held_back > 0:
            symmetry = 0 if rng is None else drawn(z, rng)
            z = turned(torch.cat([z, self._beside(z, seen)], dim=1), symmetry)
        whole = turned_back(self.network(convolvable(z, self.precision), rng), symmetry)
        return cut(whole.to(self.z.dtype)[0], self.shape).reshape(self.shape)

    def _beside(self, z: Tensor, seen: Seen | None) -> Tensor:
        """What is seen, on the canvas: (1, 2C, H', W')."""
        channels = 2 * math.prod(self.shape[:-2])
        if seen is None:
            return z.new_zeros(1, channels, *z.shape[-2:])
        both = torch.stack([seen.image, seen.known.to(seen.image)]).reshape(1, channels, *self.shape[-2:])
        return on_canvas(both, list(z.shape[-2:])).to(z)


def cut(whole: Tensor, shape: Shape) -> Tensor:
    """The middle of a canvas, cropped to the height and width of ``shape``."""
    H, W = shape[-2:]
    top, left = (whole.shape[-2] - H) // 2, (whole.shape[-1] - W) // 2
    return whole[..., top : top + H, left : left + W]


def on_canvas(pictures: Tensor, size: list[int]) -> Tensor:
    """Pictures (b, c, H, W) in the middle of a canvas of height and width ``size``, their borders repeated."""
    H, W = pictures.shape[-2:]
    top, left = (size[0] - H) // 2, (size[1] - W) // 2
    return pad(pictures, (left, size[1] - W - left, top, size[0] - H - top), mode="replicate")
