"""A window of frames that are solved together: motion, noise level, weight, solve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

import invprior.motion as motion
import invprior.noise as noise
from invprior.cli.request import Request
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.io.image import rounding
from invprior.prior import Prior
from invprior.purpose import Film
from invprior.runs.restoration import Measured, Restored, Watch
from invprior.runs.tasks import Inpaint, Task
from invprior.runs.weighing import weigh, with_weights
from invprior.shapes import Window
from invprior.specs import Flat, NoiseOrWord, PriorSpec, in_unit_range
from invprior.values import PHOTOGRAPH

# The excerpt that noise level and weight are chosen on: frames in the middle of the film, side in pixels of a square.
FRAMES, SIDE = 6, 128
# Duality gap of a convex window: ten times looser than for a picture halves the time and moves PSNR by 0.01 dB.
GAP = 1e-3
# A hole such as a logo is solved with so many pixels around it if that is at most this share of a frame.
AROUND, CUT = 48, 0.5


@dataclass(frozen=True, eq=False)
class Section:
    """Frames (T, 3, H, W) of the file and their known pixels (T, H, W), None if all are known."""

    frames: Tensor
    known: Tensor | None

    def part(self, start: int, stop: int) -> Section:
        """Frames ``start`` to ``stop`` of these."""
        return Section(self.frames[start:stop], None if self.known is None else self.known[start:stop])

    @property
    def blank(self) -> bool:
        """True if every frame has one colour, as at a fade to black, so that nothing can be learned from them."""
        return bool((self.frames.amax((-2, -1)) == self.frames.amin((-2, -1))).all())

    def middle(self) -> Section:
        """The square in the middle, or the whole frames if no pixel of the square is known."""
        rows, columns = (slice(max(0, (n - SIDE) // 2), (n + SIDE) // 2) for n in self.frames.shape[-2:])
        known = None if self.known is None else self.known[:, rows, columns]
        if known is not None and not bool(known.any()):
            return self
        return Section(self.frames[..., rows, columns], known)

    def cut(self, window: Window) -> Section:
        """The window of all frames."""
        return Section(window.of(self.frames), None if self.known is None else window.of(self.known))


@dataclass(frozen=True)
class Settled:
    """Noise level and weight, chosen once for the whole film.

    Attributes
    ----------
    sigma
        The noise level.
    weight
        λ beside ½‖Ax − y‖²; None without a penalty.
    scales
        λ/σ², the weight beside the negative log-likelihood, of each member if the prior is a blend.
    """

    sigma: float
    noise_rule: str
    weight: float | None
    weight_rule: str
    scales: Sequence[float]


@dataclass(frozen=True, eq=False)
class FilmJob:
    """What is the same for all windows of a film.

    Attributes
    ----------
    prior
        The spec of the prior: that of the request, or the one that was chosen.
    depth
        Bits of the film's pixels.
    cycle
        Frames of a window; the inputs of a network repeat with this period.
    batch
        Frames of a step of a network; None for the preset's.
    """

    task: Task
    request: Request
    prior: PriorSpec
    depth: int
    cycle: int
    batch: int | None = None

    @property
    def noise(self) -> NoiseOrWord:
        """The noise of the frames in [0, 1]."""
        spec = self.request.noise
        if isinstance(spec, Flat):
            raise InvpriorError(f"{spec} is measured in a picture; for a film give coloured:SIGMA,BLUR")
        return in_unit_range(spec, 2**self.depth - 1)

    def settle(self, section: Section) -> Settled:
        """Choose the noise level and the weight on an excerpt of the film."""
        asked, task = self.request, self._task(section)
        measured = task.measured(section.frames, rounding(self.depth), self.noise).to(asked.device)
        weight = asked.restoration.weight
        film = Film(batch=self.batch) if isinstance(weight, float) else self._film(task, section, measured.data[0])
        weighted = weigh(self._prior(task, film), measured.data, weight, asked.restoration.seed)
        sigma = measured.data[0].sigma
        return Settled(sigma, measured.noise_rule, weighted.weight, weighted.rule, weighted.scales)

    def restore(
        self, section: Section, settled: Settled, first: int, before: Mapping[str, Tensor] | None, watch: Watch
    ) -> Restored:
        """Restore the frames of a section.

        ``first`` is the number of its first frame, ``before`` the state of the network after the previous window.
        """
        window = self._around(section)
        whole, section = section, section if window is None else section.cut(window)
        asked, task = self.request, self._task(section)
        model = self.noise if isinstance(self.noise, noise.Noise) else noise.Gaussian(settled.sigma)
        data = task.data(section.frames, model)
        measured = Measured(data, settled.noise_rule, task.exact(self.noise), PHOTOGRAPH).to(asked.device)
        film = self._film(task, section, measured.data[0], first, before)
        prior = with_weights(self._prior(task, film), settled.scales)
        restored = replace(asked.restoration, weight="own", gap=GAP).run(measured, prior, watch=watch)
        if window is None:
            return restored
        x = whole.frames.clone()
        window.of(x).copy_(restored.x)
        return replace(restored, x=x)

    def finished(self, section: Section, restored: Restored) -> Tensor:
        """The frames to write, blended with those of the file by the strength that was asked for."""
        x, strength = restored.x.cpu().clamp(0, 1), self.request.strength
        return x if strength == 1 else self._task(section).plain(section.frames, x).lerp(x, strength)

    def _around(self, section: Section) -> Window | None:
        """The window that the holes of the section lie in, with a margin; None if the frames are solved whole."""
        if section.known is None or not self.task.exact(self.noise):
            return None
        hole = ~section.known.all(0)
        if not bool(hole.any()):
            return None
        window = Window.around(hole, AROUND)
        return window if window.height * window.width <= CUT * hole.numel() else None

    def _task(self, section: Section) -> Task:
        if isinstance(self.task, Inpaint) and section.known is not None:
            return replace(self.task, known=section.known)
        return self.task

    def _prior(self, task: Task, film: Film) -> Prior:
        return task.prior(self.prior, self.request.device, film)

    def _film(
        self, task: Task, section: Section, d: DataTerm, first: int = 0, before: Mapping[str, Tensor] | None = None
    ) -> Film:
        def flow() -> Tensor:
            return motion.estimate(task.rough(d.operator, d.y, d.noise), section.known)

        return Film(first, self.cycle, flow, before, self.batch)
