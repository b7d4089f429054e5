"""Windows of frames that are solved together; they overlap, so that no border shows."""

from __future__ import annotations

from dataclasses import dataclass

from invprior.errors import InvpriorError
from invprior.io.video import Clip
from invprior.prior import Prior
from invprior.purpose import Film
from invprior.runs.tasks import Task
from invprior.specs import PriorSpec

# Frames on each side that a window solves and discards, since frames at its border lack neighbours.
CONTEXT = 2  # 1 if few frames fit, else most of the work would be discarded
# Most frames that a window keeps: more are not better, take more memory, and lose more at an interruption.
MOST = 16
# Frames of a step of a network, those of the preset if the memory is enough for them.
BATCHES = (None, 2, 1)
# GB that the process takes before it reads a film.
BASE = 0.8


@dataclass(frozen=True)
class Span:
    """Frames ``start`` to ``stop`` are solved, and of these ``first`` to ``last`` are kept."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """The frames to keep, counted within the window."""
        return slice(self.first - self.start, self.last - self.start)

    def __len__(self) -> int:
        return self.last - self.first


def plan(frames: int, size: int, context: int) -> list[Span]:
    """Windows that keep each frame once, ``size`` at a time, and solve ``context`` more on each side."""
    out = []
    for first in range(0, frames, size):
        last = min(first + size, frames)
        out.append(Span(max(first - context, 0), min(last + context, frames), first, last))
    return out


def excerpts(frames: int, size: int) -> list[tuple[int, int]]:
    """Runs of ``size`` frames to look at in turn: in the middle, then at the quarters, the beginning and the end."""
    spare = max(0, frames - size)
    starts = dict.fromkeys(spare * k // 4 for k in (2, 1, 3, 0, 4))
    return [(start, min(start + size, frames)) for start in starts]


def room(gigabytes: float, frame: float, step: float) -> int:
    """Number of frames of a window, discarded ones included, within a memory limit; see :func:`fitting`."""
    return int((gigabytes - BASE - step) / frame)


def fitting(asked: int | None, gigabytes: float, frame: float, step: float) -> tuple[int, int]:
    """Number of frames that a window keeps, and of frames it solves besides on each side, within a memory limit.

    Parameters
    ----------
    asked
        Frames to keep; None for as many as fit, up to sixteen.
    gigabytes
        Memory limit of the process.
    frame
        GB that one frame of a window takes.
    step
        GB that a step of the solver takes, whatever the window.

    Raises
    ------
    InvpriorError
        If not one frame fits, or not as many as asked for.
    """
    frames = room(gigabytes, frame, step)
    context = CONTEXT if frames > 4 * CONTEXT else 1
    most = frames - 2 * context
    if most < 1:
        need = BASE + step + 3 * frame
        raise InvpriorError(
            f"a window of this film takes at least {need:.1f} GB; give --memory {need + 0.1:.1f}, take --prior tv or "
            "shrink it"
        )
    if asked is not None and asked > most:
        raise InvpriorError(f"within {gigabytes:g} GB a window keeps {most} frames of this film; give more --memory")
    return min(most, MOST) if asked is None else asked, context


def frames_of_step(spec: PriorSpec, task: Task, made: Clip, memory: float) -> tuple[int | None, tuple[float, float]]:
    """Frames of a step of a network, the most that leave room for a frame and its neighbours, and the memory needed."""
    for batch in BATCHES:
        prior = spec.made(task.purpose("cpu", Film(cycle=MOST + 2 * CONTEXT, batch=batch)))
        needs = _gigabytes(prior, made)
        if not prior.parametrised or room(memory, *needs) > 2:
            break
    return batch, needs


def _gigabytes(prior: Prior, made: Clip) -> tuple[float, float]:
    """Memory in GB per frame of a window, and per step of a network whatever the window."""
    megapixels, memory = made.width * made.height / 1e6, prior.memory
    frame, step = (memory.held, memory.step) if prior.parametrised else (memory.step, 0.0)
    return megapixels * frame, megapixels * step
