"""The deep image prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.operator import Shape
from invprior.prior import Generator, Prior
from invprior.priors.networks.skip import Skip
from invprior.priors.presets import Preset, load
from invprior.recipe import Recipe
from invprior.stop import Discrepancy, MaxIterations, StopRule


class NetworkGenerator(Generator):
    """x = f_θ(z), z a fixed buffer, on a canvas that the network takes, cut to the asked size.

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
    """

    constants: ClassVar[frozenset[str]] = frozenset({"z"})
    z: Tensor

    def __init__(self, network: nn.Module, z: Tensor, shape: Shape, jitter: float) -> None:
        super().__init__()
        self.network, self.shape, self.jitter = network, shape, jitter
        self.register_buffer("z", z)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        z = self.z
        if rng is not None and self.jitter > 0:
            noise = torch.randn(z.shape, generator=rng, dtype=z.dtype, device=z.device)
            z = torch.add(z, noise, alpha=self.jitter)
        canvas: Tensor = self.network(z)
        H, W = self.shape[-2:]
        top, left = (canvas.shape[-2] - H) // 2, (canvas.shape[-1] - W) // 2
        return canvas[0, :, top : top + H, left : left + W].reshape(self.shape)


@dataclass(frozen=True)
class DIP(Prior):
    """x = f_θ(z): a randomly initialised network, fitted to this one picture (Ulyanov, Vedaldi & Lempitsky 2018).

    No penalty; the prior is the parametrisation, and stopping early. Any image of shape (C, H, W) or (H, W) with
    sides of at least 8 pixels and values in [0, 1].

    Parameters
    ----------
    preset
        ``fast`` (default) or ``paper``, the published settings.
    task
        What the settings were chosen for: ``denoise``, ``upscale``, ``inpaint``; ``paper`` also has ``upscale8``,
        ``text``, ``vase`` and ``library``.
    """

    preset: str = "fast"
    task: str = "denoise"

    parametrised: ClassVar[bool] = True

    def __post_init__(self) -> None:
        load(self.preset, self.task)

    @property
    def settings(self) -> Preset:
        return load(self.preset, self.task)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator:
        if len(shape) not in (2, 3) or min(shape[-2:]) < 8:
            raise InvpriorError(f"DIP takes an image (C, H, W) or (H, W) with sides of at least 8, got shape {shape}")
        s = self.settings
        size = [_canvas(n, s.network.multiple, s.network.smallest) for n in shape[-2:]]
        z = _input(s.input, s.input_channels, size, rng)
        # torch.nn draws its weights from the global generator: fork it, so that nobody else's numbers change
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=rng)))
            network = Skip(s.network, z.shape[1], math.prod(shape[:-2]))
        return NetworkGenerator(network, z, shape, s.jitter)

    def recipe(self) -> Recipe:
        s = self.settings
        stop: StopRule = MaxIterations(s.iterations)
        if self.preset != "paper":
            stop = stop | Discrepancy()
        return Recipe(s.solver, stop)


def _canvas(n: int, multiple: int, smallest: int) -> int:
    return max(smallest, math.ceil(n / multiple) * multiple)


def _input(kind: Literal["noise", "meshgrid"], channels: int, size: list[int], rng: torch.Generator) -> Tensor:
    if kind == "noise":
        return 0.1 * torch.rand(1, channels, *size, generator=rng)
    rows, cols = (torch.linspace(0, 1, n) for n in size)
    return torch.stack(torch.meshgrid(cols, rows, indexing="xy"))[None]
