"""The deep image prior."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from invprior.errors import InvpriorError
from invprior.prior import Generator, Prior
from invprior.priors.changes import Changes
from invprior.priors.contrast import contrast
from invprior.priors.network_generator import NetworkGenerator, on_canvas
from invprior.priors.networks import NETWORKS, check_network
from invprior.priors.networks.given import Given
from invprior.priors.networks.spec import canvas
from invprior.priors.presets import Preset, check_limit, load, suited, tasks
from invprior.priors.presets import names as preset_names
from invprior.priors.volume import volume_generator
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape
from invprior.solvers import Restarts
from invprior.solvers.recipe import Recipe
from invprior.stop import AnyOf, MaxIterations

# GB per megapixel of the frames of a film: estimates, averages, data, weights and their moments.
FRAMES = 0.25
# GB per megapixel of tiles that wait on disk: outputs and averages, before and after a step.
WAITING = 0.05
# Copies of the weights that lie there: those of the network, and weights, two moments and the same at the safe point,
# before and after a step.
COPIES = 13
# The axes of a picture: height and width.
PICTURE = (-2, -1)


@dataclass(frozen=True)
class DIP(Prior):
    """x = f_θ(z): a randomly initialised network, fitted to this one picture (Ulyanov, Vedaldi & Lempitsky 2018).

    There is no penalty: the prior is the parametrisation, with early stopping. It takes images of shape (C, H, W) or
    (H, W) with sides of at least 8 pixels, or of any shape along ``axes``; of complex ones the network gives the real
    and imaginary parts. The network's values in [0, 1] are stretched to :attr:`Problem.values
    <invprior.Problem.values>`, the range of the measured values: single pixels that are brighter end at its bound.

    Parameters
    ----------
    preset
        ``fast`` (default), ``best``, ``steady`` or ``paper``, the published settings. ``steady`` does not overfit, so
        that nothing has to be stopped: every step shows the network some of the measured values and fits it to the
        others, with dropout (Quan et al. 2020). It takes linear operators and the task ``denoise``, which also stands
        for deblurring and for operators of one's own.
    task
        The task that the settings were tuned for: ``denoise``, ``upscale``, ``upscale8``, ``inpaint``, ``holes`` for
        large ones, ``flash`` and ``guided``, see :class:`~invprior.priors.Guided`; ``paper`` has ``text``, ``vase`` and
        ``library`` instead of the last and of ``holes``.
    network
        A network instead of the preset's: ``skip``, ``hourglass``, ``deep_decoder``, ``conv_decoder``, or any module
        that maps (1, c, H, W) to (1, C, H, W), with the image's C channels, H and W multiples of 32 and at least 64,
        and c the preset's ``input_channels``: 16, and mostly 32 in ``paper``. A module is copied and starts from its
        own weights.
    input
        A picture (c, H, W) or (H, W) of the image's height and width to use as z instead of the preset's noise. The
        network then starts with its edges, e.g. those of a flash picture of the same scene (section 3.5 of the paper).
    iterations
        An iteration limit for all fits together, instead of the preset's.
    axes
        The one to three axes that the network convolves along, as in :class:`~invprior.priors.TV`: (−3, −2, −1) for a
        volume or the bands of a spectrum, (−1,) for signals. The network is then a three-dimensional hourglass with the
        preset ``fast`` for volumes, of an image of any number of axes and sizes; the other axes are its channels, which
        share its features and have no order.
    lr, momentum, average
        The learning rate, the momentum of :class:`~invprior.solvers.Muon` and the share β of the running average,
        instead of the preset's; its other settings, restarts and averages stay.
    channels, skip
        The channels of each level of the network and of its skip connections, from the finest level to the coarsest,
        instead of the preset's; ``32/64/64`` in specs. Other numbers of levels are fine.
    jitter
        Standard deviation of the noise that every step adds to the input, instead of the preset's.
    restarts
        The number of fits whose results are averaged, instead of the preset's.

    Raises
    ------
    InvpriorError
        If the preset, task or network is unknown, a setting does not fit them, or the input is not such a picture; in
        ``solve`` if whole channels are not measured, which no prior along the axes could fill.

    Cost
    ----
    No proximal map: ``solve`` takes Adam or Muon, and an iteration is a forward and a backward pass of the network.
    The activations take 2 to 11 GB per megapixel, depending on preset and task.

    References
    ----------
    - Ulyanov, Vedaldi & Lempitsky, "Deep image prior", CVPR 2018.
    - Quan, Chen, Pang & Ji, "Self2Self with dropout: learning self-supervised denoising from single image", CVPR 2020.
    """

    preset: str = "fast"
    task: str = "denoise"
    network: str | nn.Module | None = None
    input: Tensor | None = field(default=None, compare=False, repr=False)
    iterations: int | None = None
    axes: tuple[int, ...] = PICTURE
    lr: float | None = None
    channels: tuple[int, ...] | None = None
    skip: tuple[int, ...] | None = None
    jitter: float | None = None
    restarts: int | None = None
    momentum: float | None = None
    average: float | None = None

    def __post_init__(self) -> None:
        if self.axes != PICTURE and not (self.network is None and self.input is None and self.preset == "fast"):
            raise InvpriorError(f"a DIP along the axes {self.axes} has the preset fast and its own network and input")
        if load(self.preset, self.task).held_back > 0 and self.network is not None:
            raise InvpriorError(
                f"the preset {self.preset} has a network of its own, whose dropout keeps it from copying noise; take "
                "fast for another one"
            )
        check_limit(self.iterations)
        if isinstance(self.network, str):
            check_network(self.network)
        fixed = self.axes != PICTURE or isinstance(self.network, nn.Module)
        if fixed and not (self.channels is None and self.skip is None):
            raise InvpriorError("channels and skip are settings of the preset's own network for pictures; drop them")
        _ = self.settings  # raises now if a setting does not fit the preset
        z = self.input
        if z is not None and not (isinstance(z, Tensor) and z.is_floating_point() and z.ndim in (2, 3)):
            received = f"{z.dtype} of shape {tuple(z.shape)}" if isinstance(z, Tensor) else type(z).__name__
            raise InvpriorError(f"an input is a floating picture (c, H, W) or (H, W), got {received}")

    def __repr__(self) -> str:
        plain = {name: getattr(self, name) for name in ("preset", "task", "network", "iterations", "axes")}
        return f"DIP({', '.join(f'{name}={value!r}' for name, value in (plain | self._changes.given).items())})"

    def guided_by(self, picture: Tensor) -> DIP:
        """The prior with a picture (C, H, W) of the same data as its input, and the settings for one, ``guided``."""
        return replace(self, task="guided", input=picture)

    @property
    def _changes(self) -> Changes:
        return Changes(self.lr, self.momentum, self.average, self.channels, self.skip, self.jitter, self.restarts)

    @property
    def settings(self) -> Preset:
        s = load(self.preset, self.task if self.axes == PICTURE else "volume")
        return self._changes.of(replace(s, network=NETWORKS[self.network]) if isinstance(self.network, str) else s)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator:
        if self.axes != PICTURE:
            return volume_generator(shape, self.axes, self.settings, rng)
        if len(shape) not in (2, 3) or min(shape[-2:]) < 8:
            raise InvpriorError(f"DIP takes an image (C, H, W) or (H, W) with sides of at least 8, got shape {shape}")
        s = self.settings
        module = self.network if isinstance(self.network, nn.Module) else None
        # what a module of the caller needs is not known: 32 and 64 suit five levels, as the docstring says
        multiple, smallest, reduction = (
            (s.network.multiple, s.network.smallest, s.network.reduction) if module is None else (32, 64, 1)
        )
        size = [canvas(n, multiple, smallest) // reduction for n in shape[-2:]]
        if self.input is None:
            z = _input(s.input, s.input_channels, size, rng)
        else:
            z = _picture(self.input, shape, size, reduction)
        if module is not None:
            _check_fit(module, z, shape)
            return NetworkGenerator(Given(deepcopy(module)), z, shape, s.jitter)
        channels = math.prod(shape[:-2])
        network = s.network.draw(z.shape[1] + (2 * channels if s.held_back > 0 else 0), channels, rng)
        return NetworkGenerator(network, z, shape, s.jitter, s.precision, s.held_back)

    def recipe(self) -> Recipe:
        s = self.settings
        stop = AnyOf((*s.stop, MaxIterations(s.iterations)))
        if s.restarts == 1:
            return Recipe(s.solver, stop).at_most(self.iterations)
        solver = Restarts(s.solver, stop, s.restarts)
        return Recipe(solver, solver.default_stop()).at_most(self.iterations)

    @property
    def parametrised(self) -> bool:
        return True

    @property
    def any_size(self) -> bool:
        return self.input is None

    @property
    def memory(self) -> Memory:
        s = self.settings
        z = 4e-3 * s.input_channels  # 4 bytes per pixel and channel
        return Memory(s.needed, FRAMES + z, WAITING + z, COPIES * 4e-9 * self._number_of_weights)

    @property
    def _number_of_weights(self) -> int:
        if self.axes != PICTURE:
            return 0  # no picture, and so not in tiles
        if isinstance(self.network, nn.Module):
            return sum(p.numel() for p in self.network.parameters())
        return _number_of_weights(self.preset, self.task, self.network)

    def within(self, step: float) -> str | None:
        fitting = [n for n in preset_names() if self.task in tasks(n) and load(n, self.task).needed < step]
        return f"preset {' or '.join(fitting)}" if fitting else None

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``dip`` for pictures, by default for the purpose's task, and for volumes; a guide's contrast is its input."""
        z = None if purpose.guide is None else contrast(purpose.guide)

        def make(
            preset: str = "fast",
            task: str | None = None,
            network: str | None = None,
            iterations: int | None = None,
            lr: float | None = None,
            channels: tuple[int, ...] | None = None,
            skip: tuple[int, ...] | None = None,
            jitter: float | None = None,
            restarts: int | None = None,
            momentum: float | None = None,
            average: float | None = None,
        ) -> DIP:
            changes = (lr, channels, skip, jitter, restarts, momentum, average)
            return cls(preset, task or suited(preset, purpose.task), network, z, iterations, PICTURE, *changes)

        def volume(iterations: int | None = None) -> DIP:
            return cls(iterations=iterations, axes=(-3, -2, -1))

        return {} if purpose.film is not None else {"dip": volume if purpose.volume else make}


@cache
def _number_of_weights(preset: str, task: str, network: str | None) -> int:
    generator = DIP(preset, task, network).generator((3, 64, 64), torch.Generator().manual_seed(0))
    return sum(p.numel() for p in generator.parameters())


def _check_fit(network: nn.Module, z: Tensor, shape: Shape) -> None:
    """Raise unless a module of the caller's makes an image of this shape from z."""
    want = (1, math.prod(shape[:-2]), *z.shape[-2:])
    takes = f"a network for {shape} maps {tuple(z.shape)} to {want}"
    parameter = next((p for p in network.parameters() if p.is_floating_point()), z)
    try:
        with torch.no_grad():
            out = deepcopy(network)(z.to(parameter))
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise InvpriorError(f"{takes}; {type(network).__name__} failed: {' '.join(str(error).split())}") from error
    if not isinstance(out, Tensor) or tuple(out.shape) != want:
        got = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise InvpriorError(f"{takes}, and {type(network).__name__} gave {got}")


def _picture(picture: Tensor, shape: Shape, size: list[int], reduction: int) -> Tensor:
    """The picture on the network's canvas, its border repeated; for a decoder, averaged down to the size of z."""
    if tuple(picture.shape[-2:]) != shape[-2:]:
        raise InvpriorError(
            f"an input of shape {tuple(picture.shape)} does not fit an image of shape {shape}; "
            "resize it to the same height and width"
        )
    z = picture.detach().cpu().float().reshape(1, -1, *shape[-2:])
    return avg_pool2d(on_canvas(z, [n * reduction for n in size]), reduction)


def _input(kind: Literal["noise", "meshgrid"], channels: int, size: list[int], rng: torch.Generator) -> Tensor:
    if kind == "noise":
        return 0.1 * torch.rand(1, channels, *size, generator=rng)
    rows, cols = (torch.linspace(0, 1, n) for n in size)
    return torch.stack(torch.meshgrid(cols, rows, indexing="xy"))[None]
