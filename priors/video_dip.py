"""The deep image prior of a film: one network for all its frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.prior import Generator, Prior
from invprior.priors.network_generator import cut
from invprior.priors.networks import NETWORKS, check_network
from invprior.priors.networks.jitter import jittered
from invprior.priors.networks.spec import canvas
from invprior.priors.presets import Preset, check_limit, load, tasks
from invprior.priors.presets import names as preset_names
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape
from invprior.solvers.descent import DescentState, split
from invprior.solvers.precision import Precision, convolvable
from invprior.solvers.recipe import Recipe
from invprior.stop import AnyOf, MaxIterations

if TYPE_CHECKING:
    from invprior.solvers.result import Result

# First iterations of a warm start, which the average leaves out.
WARM = 10
# GB per megapixel and frame of a window: the peaks of whole runs, and a little more.
HELD = 0.1
# What a step takes beside its frames, as a share of one.
BESIDE = 0.2


class FilmGenerator(Generator):
    """x[t] = f_θ(z_t) for the frames of a window, on a canvas that the network accepts, cropped to ``shape``.

    A randomised pass computes ``batch`` neighbouring frames and reuses the last values of the others, so that its cost
    does not grow with the window. A deterministic pass computes all frames, ``batch`` at a time.

    Parameters
    ----------
    network
        Maps (b, c, H', W') to (b, C, H', W'), normalising each picture by itself or all b together.
    z
        The inputs, (T, c, H', W').
    shape
        Event shape of the film, ``(T, C, H, W)``.
    batch
        b, the frames of a randomised pass.
    jitter
        Standard deviation of the noise added to z in a randomised pass.
    """

    constants = frozenset({"z"})
    unit_range = True
    z: Tensor
    frames: Tensor

    def __init__(
        self, network: nn.Module, z: Tensor, shape: Shape, batch: int, jitter: float, precision: Precision
    ) -> None:
        super().__init__()
        self.network, self.shape, self.batch = network, shape, min(batch, shape[0])
        self.jitter, self.precision = jitter, precision
        self.register_buffer("z", z)
        self.register_buffer("frames", torch.full(shape, 0.5))

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        T = self.shape[0]
        if rng is None:
            starts = [*range(0, T - self.batch, self.batch), T - self.batch]
            out = torch.empty(self.shape, dtype=self.z.dtype, device=self.z.device)
            for start in starts:
                out[start : start + self.batch] = self._run(self.z[start : start + self.batch], None)
            return out
        # draw the middle frame uniformly and shift the batch inside, so that the frames at the ends get their share
        middle = int(torch.randint(T, (), generator=rng, device=rng.device))
        start = min(max(middle - self.batch // 2, 0), T - self.batch)
        z = jittered(self.z[start : start + self.batch], self.jitter, rng)
        fresh = self._run(z, rng)
        # only the fresh frames carry a gradient
        x = torch.cat([self.frames[:start], fresh, self.frames[start + self.batch :]])
        self.frames.copy_(x.detach())
        return x

    def _run(self, z: Tensor, rng: torch.Generator | None) -> Tensor:
        whole: Tensor = self.network(convolvable(z, self.precision), rng)
        return cut(whole, self.shape).to(z.dtype)


@dataclass(frozen=True)
class VideoDIP(Prior):
    """x[t] = f_θ(z_t), one network for all frames of a window, with inputs that vary smoothly in time.

    The network of :class:`~invprior.priors.DIP`, fitted to a few neighbouring frames in every step, as Zhang et al.
    (2019) fit theirs to batches of frames, each with a noise input of its own. Here the inputs move along great circles
    between independent inputs, ``period`` frames apart,

        z_t = m + cos(πs/2) (a_k − m) + sin(πs/2) (a_{k+1} − m),   t = (k + s)·period,  0 ≤ s < 1,

    with the same variance at every t. Neighbouring frames thus come from neighbouring inputs (a path through the latent
    space as in Yoo et al. 2021, where it is a helix). What all frames show is learned from all of them, and noise
    averages out.

    Parameters
    ----------
    task
        The task that the settings were tuned for: ``denoise``, ``upscale``, ``upscale8`` or ``inpaint``.
    preset
        ``fast``.
    first
        Number of the window's first frame in the film; its inputs continue those of the previous window.
    cycle
        Number of frames after which the inputs repeat, rounded up to the preset's period; at least the frames of a
        window. A network fitted to the previous window then starts with the pictures of a cycle ago.
    weights
        Weights that the network starts from: those fitted to the previous window, as :func:`fitted` returns them. A
        fraction of the iterations is then enough.
    iterations
        An iteration limit instead of the preset's.
    network
        Another network than the preset's, which the preset was not tuned for; a name as for
        :class:`~invprior.priors.DIP`.
    batch
        Frames of a step instead of the preset's: fewer take less memory. The limit of iterations grows, so that as many
        frames are seen.

    Raises
    ------
    InvpriorError
        If the preset, network or task is unknown; from ``generator``, if the shape is not a film's of at least 8 × 8
        pixels.

    Cost
    ----
    No proximal map: an iteration is a forward and a backward pass of the network on a few frames, however many the
    window holds.

    References
    ----------
    - Zhang, Mai, Xu, Wang, Jin & Collomosse, "An internal learning approach to video inpainting", ICCV 2019, section 3.
    - Yoo, Jin, Gupta, Yerly, Stuber & Unser, "Time-dependent deep image prior for dynamic MRI", IEEE TMI 40 (2021).
    """

    task: str
    preset: str = "fast"
    first: int = 0
    cycle: int = 20
    weights: Mapping[str, Tensor] | None = field(default=None, compare=False, repr=False)
    iterations: int | None = None
    network: str | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        tuned = [n for n in preset_names() if f"video-{self.task}" in tasks(n)]
        if tuned and self.preset in preset_names() and self.preset not in tuned:
            raise InvpriorError(f"the preset {self.preset!r} has no settings for films; take {' or '.join(tuned)}")
        load(self.preset, f"video-{self.task}")
        check_network(self.network)
        check_limit(self.iterations)
        if self.batch is not None and (not isinstance(self.batch, int) or self.batch < 1):
            raise InvpriorError(f"batch takes a number of frames, 1 or more, got {self.batch!r}")

    @property
    def settings(self) -> Preset:
        s = load(self.preset, f"video-{self.task}")
        network = s.network if self.network is None else NETWORKS[self.network]
        batch = s.batch if self.batch is None else self.batch
        more = max(1.0, s.batch / batch)
        iterations, again = (math.ceil(more * n) for n in (s.iterations, s.again))
        return replace(s, network=network, batch=batch, iterations=iterations, again=again)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator:
        if len(shape) != 4 or min(shape[-2:]) < 8:
            raise InvpriorError(f"VideoDIP takes a film (T, C, H, W) with sides of at least 8, got shape {shape}")
        s = self.settings
        # a decoder starts from a smaller input
        size = [canvas(n, s.network.multiple, s.network.smallest) // s.network.reduction for n in shape[-2:]]
        seed = int(torch.randint(2**62, (), generator=rng))
        frames = range(self.first, self.first + shape[0])
        z = inputs(frames, s.period, math.ceil(self.cycle / s.period), (s.input_channels, *size), seed)
        network = s.network.draw(s.input_channels, shape[1], rng)
        if self.weights is not None:
            network.load_state_dict(dict(self.weights))
        generator = FilmGenerator(network, z, shape, s.batch, s.jitter, s.precision)
        if self.weights is not None:  # start from the warm network's frames instead of gray
            with torch.no_grad():
                generator.frames.copy_(generator())
        return generator

    def recipe(self) -> Recipe:
        s = self.settings
        if self.weights is None:
            return Recipe(s.solver, AnyOf((*s.stop, MaxIterations(s.iterations)))).at_most(self.iterations)
        # a warm start needs only a short warm-up before the average
        solver = replace(s.solver, average_from=WARM)
        return Recipe(solver, AnyOf((*s.stop, MaxIterations(s.again)))).at_most(self.iterations)

    @property
    def parametrised(self) -> bool:
        return True

    @property
    def memory(self) -> Memory:
        return Memory(self.settings.needed * (self.settings.batch + BESIDE), HELD)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``dip`` for films, for the purpose's task."""
        film = purpose.film
        if film is None:
            return {}

        def make(
            preset: str = "fast",
            task: str = purpose.task,
            network: str | None = None,
            iterations: int | None = None,
            batch: int | None = film.batch,
        ) -> VideoDIP:
            return cls(task, preset, film.first, film.cycle, film.weights, iterations, network, batch)

        return {"dip": make}


def inputs(frames: range, period: int, around: int, shape: Shape, seed: int) -> Tensor:
    """z_t for these frame numbers, of shape (T, c, h, w), uniform in [0, 0.1) at every multiple of ``period``.

    ``around`` is the number of independent inputs in a cycle.
    """
    anchors = [torch.rand(shape, generator=torch.Generator().manual_seed(seed + k)) - 0.5 for k in range(around)]
    out = []
    for t in frames:
        k, s = divmod(t, period)
        angle = math.pi / 2 * s / period
        # cos² + sin² = 1 keeps the variance between two anchors
        out.append(0.1 * (0.5 + math.cos(angle) * anchors[k % around] + math.sin(angle) * anchors[(k + 1) % around]))
    return torch.stack(out)


def fitted(result: Result) -> dict[str, Tensor] | None:
    """The network's weights at the end of a solve with a :class:`VideoDIP`; None for other priors."""
    state = result.state.solver_state
    if not isinstance(state, DescentState):
        return None
    for prefix, module in state.generator.named_modules():
        if isinstance(module, FilmGenerator):
            head = f"{prefix}.network." if prefix else "network."
            weights = split(state.generator, state.weights.theta)
            return {k.removeprefix(head): v.detach().cpu().clone() for k, v in weights.items() if k.startswith(head)}
    return None
