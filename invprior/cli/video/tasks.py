"""What differs between the tasks of the command ``video``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from invprior import noise, operators, priors
from invprior.cli.tasks import known_pixels, upscaling
from invprior.errors import InvpriorError
from invprior.io.image import SUFFIXES, rounding
from invprior.io.video import Clip, Reader, read_clip
from invprior.loop import solve
from invprior.operator import LinearOperator, Shape
from invprior.problem import Problem
from invprior.stop import MaxIterations, RelativeGap

NAMES = ("denoise", "upscale", "inpaint")
# The weight of the frames that motion is estimated from suits noisy pictures; to find motion they need no certificate.
GUIDE = 12.0
ROUGH = RelativeGap(1e-2) | MaxIterations(200)


class Masks(Protocol):
    """Where the hole is."""

    def read(self, start: int, stop: int) -> Tensor:
        """The known pixels of frames ``start`` to ``stop``, boolean (T, H, W)."""


@dataclass(frozen=True, eq=False)
class FixedMask:
    """One mask for all frames, such as a logo."""

    known: Tensor

    def read(self, start: int, stop: int) -> Tensor:
        return self.known.expand(stop - start, -1, -1)


class MaskFilm:
    """A film whose frames are the masks of the frames, white = hole."""

    def __init__(self, clip: Clip, invert: bool) -> None:
        self._reader, self._invert = Reader(clip), invert

    def read(self, start: int, stop: int) -> Tensor:
        hole = self._reader.read(start, stop).mean(1) > 0.5
        return hole if self._invert else ~hole


class FilmTask(ABC):
    """From the restored frames to those of the file."""

    name: ClassVar[str]
    factor: int = 1

    def masks(self, clip: Clip) -> Masks | None:
        """Where the hole is, if the task has one."""
        return None

    @property
    def preset_task(self) -> str:
        """The name of the task in the presets of the deep image prior."""
        return self.name

    @abstractmethod
    def operator(self, shape: Shape, known: Tensor | None) -> LinearOperator:
        """A for measured frames of shape (T, 3, H, W)."""

    def guide(self, A: LinearOperator, y: Tensor, model: noise.Noise) -> Tensor:
        """Restored frames, each for itself and roughly, that motion is estimated from."""
        return solve(Problem(A, y, noise=model, prior=GUIDE * priors.TV()), stop=ROUGH).x.clamp(0, 1)

    def sigma(self, frames: Tensor, depth: int) -> tuple[float, str]:
        """The noise level where the user gave none, and how it was found."""
        return rounding(depth), "rounding"

    def finish(self, x: Tensor, frames: Tensor, known: Tensor | None, noise_given: bool) -> Tensor:
        """The frames to write, of the restored ones and those of the file."""
        return x.clamp(0, 1)


@dataclass(frozen=True)
class Denoise(FilmTask):
    """A = identity."""

    name: ClassVar[str] = "denoise"

    def operator(self, shape: Shape, known: Tensor | None) -> LinearOperator:
        return operators.Identity(shape)

    def sigma(self, frames: Tensor, depth: int) -> tuple[float, str]:
        levels = [noise.estimate(x) for x in frames]
        return max(sum(levels) / len(levels), rounding(depth)), "estimated"


@dataclass(frozen=True)
class Upscale(FilmTask):
    """A = Lanczos decimation of every frame."""

    factor: int
    name: ClassVar[str] = "upscale"

    @property
    def preset_task(self) -> str:
        return upscaling(self.factor)

    def operator(self, shape: Shape, known: Tensor | None) -> LinearOperator:
        T, C, H, W = shape
        return operators.PerFrame(operators.Lanczos((C, H * self.factor, W * self.factor), factor=self.factor), T)

    def guide(self, A: LinearOperator, y: Tensor, model: noise.Noise) -> Tensor:
        # 0.2 dB better in the end than frames restored with TV, and sooner
        return interpolate(y, scale_factor=self.factor, mode="bicubic", align_corners=False).clamp(0, 1)


@dataclass(frozen=True)
class Inpaint(FilmTask):
    """A = a mask a frame, or one for all."""

    mask: Path
    invert: bool
    name: ClassVar[str] = "inpaint"

    def masks(self, clip: Clip) -> Masks:
        found: Masks
        if self.mask.suffix.lower() in SUFFIXES:
            known = known_pixels(self.mask, self.invert)
            found, size = FixedMask(known), tuple(known.shape)
        else:
            film = read_clip(self.mask, (clip.first, clip.first + len(clip)))
            if len(film) < len(clip):
                raise InvpriorError(
                    f"the mask {self.mask} holds {clip.first + len(film)} frames, and frames up to "
                    f"{clip.first + len(clip)} need one; a picture serves all"
                )
            found, size = MaskFilm(film, self.invert), (film.height, film.width)
        if size != (clip.height, clip.width):
            raise InvpriorError(
                f"the mask {self.mask} is {size[1]}×{size[0]} pixels and the film {clip.width}×{clip.height}; "
                "they must agree"
            )
        return found

    def operator(self, shape: Shape, known: Tensor | None) -> LinearOperator:
        assert known is not None  # masks() gave them
        return operators.Mask(shape, known[:, None])

    def finish(self, x: Tensor, frames: Tensor, known: Tensor | None, noise_given: bool) -> Tensor:
        assert known is not None
        return x.clamp(0, 1) if noise_given else torch.where(known[:, None], frames, x.clamp(0, 1))


def film_task(name: str, factor: int, mask: Path | None, invert: bool) -> FilmTask:
    """The task by its name on the command line.

    Raises
    ------
    InvpriorError
        If there is no such task, or it lacks its mask.
    """
    if name == "inpaint":
        if mask is None:
            raise InvpriorError("--task inpaint needs --mask, a picture for all frames or a film, white = hole")
        return Inpaint(mask, invert)
    if mask is not None:
        raise InvpriorError(f"--mask goes with --task inpaint, and the task is {name}")
    if name == "upscale":
        return Upscale(factor)
    if name == "denoise":
        return Denoise()
    raise InvpriorError(f"--task takes {', '.join(NAMES)}, got {name!r}")
