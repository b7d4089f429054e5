"""The prior for a picture when none is named: the best one, as measured, that the time at hand is enough for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import invprior.machine as machine
from invprior.data_term import DataTerm
from invprior.runs.holes import far
from invprior.shapes import Shape
from invprior.specs import PriorSpec, parse_prior

# The word for this choice, and the seconds that it may spend unless others are given.
AUTO, SECONDS, FILM_SECONDS = "auto", 120.0, 3600.0
# The priors of each task, the best first, by the tables of docs/which-prior.md, docs/nonlocal.md and docs/blend.md.
ORDER = {
    "denoise": ("blend(dip(nonlocal),nonlocal)", "nonlocal", "tv"),
    "deblur": ("nonlocal", "tv"),
    "upscale": ("dip", "nonlocal", "tv"),
    "scattered": ("nonlocal", "tv"),
    "hole": ("dip", "tv"),
    "flash": ("dip", "tv"),
    "dejpeg": ("nonlocal", "tv"),
    "volume": ("tv",),
    "develop": ("nonlocal", "tv:chroma=3"),
}
# Blends may lose on pictures below this many pixels: a tenth of a decibel on one of twenty of 128×128, and nothing that
# counts on any of 240×240 (docs/blend.md).
LEAST_BLENDED = 200 * 200
# Seconds a megapixel where no part of a picture can be timed; a processor of 2020, two threads.
UNTIMED = {"dip": 700.0, "nonlocal": 600.0, "tv": 25.0}

# Priors of films, and their seconds for a megapixel of a frame (docs/video.md).
FILMS = {"denoise": ("nonlocal", "frame-tv"), "others": ("motion-tv", "frame-tv")}
OF_FRAMES = {"nonlocal": 70.0, "motion-tv": 90.0, "frame-tv": 5.0}


@dataclass(frozen=True)
class Needs:
    """What a restoration takes: memory in GB, and seconds if they can be told."""

    gigabytes: float
    seconds: float | None


@dataclass(frozen=True)
class Automatic:
    """A prior that is chosen for each picture or film, for at most so many seconds; None for the usual time."""

    seconds: float | None = None

    @property
    def text(self) -> str:
        return AUTO if self.seconds is None else f"{AUTO}, {self.seconds:g} s"


@dataclass(frozen=True)
class Choice:
    """The prior that was chosen, the seconds that it takes if they can be told, and a better one with its own."""

    spec: PriorSpec
    seconds: float | None
    better: PriorSpec | None = None
    better_seconds: float = 0.0


def kind(task: str, data: tuple[DataTerm, ...]) -> str:
    """The row of :data:`ORDER` for a task; of inpainting by how far the middle of a hole is from a known pixel."""
    if task != "inpaint":
        return task.removesuffix("8") if task.startswith("upscale") else task
    return "hole" if far(data[0].observed.flatten(0, -3).all(0)) else "scattered"


def choose_prior(task: str, data: tuple[DataTerm, ...], needs: Callable[[PriorSpec], Needs], limit: float) -> Choice:
    """The first prior of the task that takes no more than ``limit`` seconds and fits into memory; else the last."""
    better: tuple[PriorSpec, float] | None = None
    *specs, last = (parse_prior(text) for text in ORDER[kind(task, data)])
    pixels = data[0].operator.in_shape[-2] * data[0].operator.in_shape[-1]
    for spec in specs:
        if spec.members and pixels < LEAST_BLENDED:
            continue
        takes = needs(spec)
        if takes.gigabytes > machine.memory():
            continue
        seconds = UNTIMED[spec.calls[0].name] * pixels / 1e6 if takes.seconds is None else takes.seconds
        if seconds <= limit:
            return Choice(spec, takes.seconds, *(better or ()))
        better = (spec, seconds)
    return Choice(last, needs(last).seconds, *(better or ()))


def choose_for_film(task: str, shape: Shape, frames: int, limit: float) -> Choice:
    """The prior of a film of so many frames of a shape, by the seconds that it usually takes."""
    better: tuple[PriorSpec, float] | None = None
    *specs, last = (parse_prior(text) for text in FILMS.get(task, FILMS["others"]))
    for spec in specs:
        seconds = OF_FRAMES[spec.text] * _megapixels(shape, frames)
        if seconds <= limit:
            return Choice(spec, seconds, *(better or ()))
        better = (spec, seconds)
    return Choice(last, usual_seconds(last, shape, frames), *(better or ()))


def usual_seconds(spec: PriorSpec, shape: Shape, frames: int) -> float | None:
    """The seconds that a film of so many frames of a shape usually takes; None if nobody measured this prior."""
    a_megapixel = OF_FRAMES.get(spec.text)
    return None if a_megapixel is None else a_megapixel * _megapixels(shape, frames)


def _megapixels(shape: Shape, frames: int) -> float:
    return shape[-2] * shape[-1] / 1e6 * frames
