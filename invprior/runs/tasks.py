"""The tasks, for pictures (C, H, W) and films (T, C, H, W): each gives operator, data terms, noise level and prior."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

import invprior.noise as noise
import invprior.operators as operators
import invprior.priors as priors
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.io import Picture, read, write
from invprior.io.image import check_readable
from invprior.io.kinds import SUFFIXES
from invprior.io.missing import read_missing
from invprior.linear_operator import LinearOperator
from invprior.noise import Noise
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.priors.contrast import contrast
from invprior.problem import Problem
from invprior.purpose import Film, Purpose
from invprior.runs.holes import far
from invprior.runs.restoration import Measured
from invprior.shapes import Shape
from invprior.solvers.loop import solve
from invprior.specs import Flat, NoiseOrWord, PriorSpec
from invprior.stop import MaxIterations, RelativeGap
from invprior.values import PHOTOGRAPH

# Frames that motion is estimated from: their TV weight suits noisy pictures, and a loose duality gap is enough.
ROUGH_WEIGHT = 12.0
ROUGH_STOP = RelativeGap(1e-2) | MaxIterations(200)
# Least sigma of a pair's flash picture: light adds up exactly in linear pictures, but only roughly in developed ones.
LEAST_MISFIT = 0.02


class Task(ABC):
    """What a restoring command does, on tensors alone; the caller handles files and frames."""

    name: ClassVar[str]
    quality: ClassVar[int | None] = None  # of a JPEG that is written; None for that of the input
    most: ClassVar[int | None] = None  # iterations that are enough for a penalty, where the gap closes late
    suffixes: ClassVar[frozenset[str]] = SUFFIXES  # of the pictures in a folder
    written: ClassVar[str | None] = None  # the suffix of what is made of one in a folder; None for its own
    volume: ClassVar[bool] = False  # True: it takes all pages of a TIFF at once
    noisy: ClassVar[bool] = False  # True: a noise level that is not given is estimated; False: it is that of rounding

    @property
    def preset_task(self) -> str:
        """Name of the task in the presets of DIP."""
        return self.name

    def of_file(self, path: Path) -> Task:
        """The task for the picture in a file: itself, unless it is of what only that file says."""
        return self

    def check_readable(self, path: Path) -> None:
        """Raise if a file is none that :meth:`read` takes; its pixels are not decoded."""
        check_readable(path)

    def read(self, source: Path) -> Picture:
        """The picture in a file."""
        return read(source)

    def write(self, path: Path, picture: Picture) -> None:
        """Write what was made of it."""
        write(path, picture)

    @abstractmethod
    def operator(self, shape: Shape) -> LinearOperator:
        """A, from the restored picture or film to a measured one of this shape."""

    def restored(self, shape: Shape) -> Shape:
        """Shape of the restored picture or film for a measured one of this shape."""
        return self.operator(shape).in_shape

    def finished(self, shape: Shape) -> Shape:
        """Shape of the picture that :meth:`finish` makes for a measured one of this shape."""
        return self.restored(shape)

    def span(self, picture: Picture) -> float:
        """The values of the file that a step of 1 of the measurements is."""
        return picture.high - picture.low

    def measured(self, y: Tensor, rounding: float, given: NoiseOrWord) -> Measured:
        """The measurements in a file, with the noise model that is given or estimated.

        Parameters
        ----------
        y
            The values of the file, in [0, 1].
        rounding
            Standard deviation of the file's rounding error.
        """
        values = PHOTOGRAPH if y.ndim == 4 else None  # of a film, dark frames too
        if isinstance(given, Noise):
            return Measured(self.data(y, given), "given", False, values)
        if isinstance(given, Flat):
            return Measured(self.data(y, given.noise(y)), f"measured, {given}", False, values)
        level, rule = self.sigma(y, rounding) if given == "auto" and self.noisy else (rounding, "rounding")
        return Measured(self.data(y, noise.Gaussian(level)), rule, self.exact(given), values)

    def exact(self, given: NoiseOrWord) -> bool:
        """True if the file's rounding is the only noise."""
        return given == "rounding" or (given == "auto" and not self.noisy)

    def data(self, y: Tensor, model: Noise) -> tuple[DataTerm, ...]:
        """The data terms."""
        return (DataTerm(self.operator(tuple(y.shape)), y, model),)

    def sigma(self, y: Tensor, rounding: float) -> tuple[float, str]:
        """Noise level of a noisy file, estimated from the finest detail of its frames, and the rule that found it."""
        return max(_level(y), rounding), "estimated"

    def purpose(self, device: str, film: Film | None = None) -> Purpose:
        """The purpose that a prior is built for."""
        return Purpose(self.preset_task, film=film)

    def prior(self, spec: PriorSpec, device: str, film: Film | None = None) -> Prior:
        """Build the prior of a spec for this task."""
        return spec.made(self.purpose(device, film))

    def rough(self, A: Operator, y: Tensor, model: Noise) -> Tensor:
        """Roughly restored frames, each alone, to estimate motion from."""
        return solve(Problem(A, y, noise=model, prior=ROUGH_WEIGHT * priors.TV()), stop=ROUGH_STOP).x.clamp(0, 1)

    def start(self, measured: Measured) -> Tensor | None:
        """An image to start pixels from, if the task knows a better one than the back-projection."""
        return None

    def finish(self, x: Tensor) -> Tensor:
        """The picture to write, from the restored image."""
        return x

    def plain(self, y: Tensor, whole: Tensor) -> Tensor:
        """The picture as it was measured, of the shape of the finished one; that one where nothing was measured."""
        return torch.where(y.isnan(), whole, y)


@dataclass(frozen=True)
class Denoise(Task):
    """A = identity."""

    name: ClassVar[str] = "denoise"
    noisy: ClassVar[bool] = True

    def operator(self, shape: Shape) -> LinearOperator:
        return operators.Identity(shape)


@dataclass(frozen=True)
class Upscale(Task):
    """A = Lanczos decimation by a whole or a rational factor; sides are rounded up to whole pixels."""

    factor: int | Fraction
    name: ClassVar[str] = "upscale"

    @property
    def preset_task(self) -> str:
        return "upscale8" if self.factor >= 8 else "upscale"

    def operator(self, shape: Shape) -> LinearOperator:
        fine = self.restored(shape)
        return _each_frame(operators.Lanczos(fine[-3:], factor=self.factor), shape)

    def restored(self, shape: Shape) -> Shape:
        # without the operator, whose tables of a factor of a million would not fit
        return *shape[:-2], math.ceil(shape[-2] * self.factor), math.ceil(shape[-1] * self.factor)

    def plain(self, y: Tensor, whole: Tensor) -> Tensor:
        frames = y if y.ndim == 4 else y[None]
        larger = interpolate(frames, tuple(whole.shape[-2:]), mode="bicubic", align_corners=False).clamp(0, 1)
        return larger.reshape(whole.shape)

    def rough(self, A: Operator, y: Tensor, model: Noise) -> Tensor:
        # motion from these frames gives a film 0.2 dB better than motion from TV frames, and sooner
        return interpolate(y, scale_factor=float(self.factor), mode="bicubic", align_corners=False).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class Deblur(Task):
    """A = convolution with a measured point spread function (kh, kw)."""

    psf: Tensor
    name: ClassVar[str] = "deblur"
    noisy: ClassVar[bool] = True  # a blur leaves little but noise in the finest detail

    @property
    def preset_task(self) -> str:
        return "upscale"  # as in upscaling, fine detail is missing and noise is weak

    def operator(self, shape: Shape) -> LinearOperator:
        return _each_frame(operators.Blur(shape[-3:], self.psf), shape)


@dataclass(frozen=True, eq=False)
class Inpaint(Task):
    """A = mask.

    Attributes
    ----------
    known
        Known pixels, boolean (H, W), or (T, H, W) for a film.
    """

    known: Tensor
    name: ClassVar[str] = "inpaint"

    @cached_property
    def preset_task(self) -> str:
        return "holes" if self.known.ndim == 2 and far(self.known) else self.name

    def purpose(self, device: str, film: Film | None = None) -> Purpose:
        return Purpose(self.preset_task if film is None else self.name, film=film)

    def read(self, source: Path) -> Picture:
        return read(source, missing=True)  # it may be NaN where the mask has a hole

    def operator(self, shape: Shape) -> LinearOperator:
        (H, W), (h, w) = self.known.shape[-2:], shape[-2:]
        if (h, w) != (H, W):
            raise InvpriorError(f"the mask is {W}×{H} pixels and the picture {w}×{h}; they must agree")
        return operators.Mask(shape, self.known if self.known.ndim == 2 else self.known[:, None])

    def data(self, y: Tensor, model: Noise) -> tuple[DataTerm, ...]:
        A = self.operator(tuple(y.shape))
        return (DataTerm(A, A(y), model),)  # values in the hole were not measured, and may be NaN

    def plain(self, y: Tensor, whole: Tensor) -> Tensor:
        return torch.where(self.known if self.known.ndim == 2 else self.known[:, None], y, whole)


@dataclass(frozen=True)
class InpaintMissing(Task):
    """A = mask of the values that were measured; the others are NaN.

    Attributes
    ----------
    marks
        What marks missing pixels in the file, as a part of the description of the task.
    """

    marks: str
    name: ClassVar[str] = "inpaint"

    def read(self, source: Path) -> Picture:
        return read_missing(source, self.marks)

    def operator(self, shape: Shape) -> LinearOperator:
        return operators.Mask(shape, torch.ones(shape[-2:], dtype=torch.bool))

    def data(self, y: Tensor, model: Noise) -> tuple[DataTerm, ...]:
        return (DataTerm(operators.Mask(y.shape, ~y.isnan()), y, model),)


@dataclass(frozen=True, eq=False)
class Guided(Task):
    """A = identity on the picture without flash; the picture with flash, (c, H, W), guides the prior."""

    flash: Tensor
    name: ClassVar[str] = "flash"
    noisy: ClassVar[bool] = True

    def operator(self, shape: Shape) -> LinearOperator:
        return operators.Identity(shape)

    def sigma(self, y: Tensor, rounding: float) -> tuple[float, str]:
        return max(noise.estimate_beside(y, self.flash), rounding), "estimated beside the flash picture"

    def purpose(self, device: str, film: Film | None = None) -> Purpose:
        return Purpose(self.preset_task, self.flash.to(device), film)


@dataclass(frozen=True, eq=False)
class Pair(Guided):
    """x = (ambient, flash light), measured without and with flash, each with its own noise.

    Attributes
    ----------
    exposure
        Exposure time without flash over that with flash.
    """

    exposure: float

    def operator(self, shape: Shape) -> LinearOperator:
        return operators.FlashPair(shape, (self.exposure, 1.0))

    def restored(self, shape: Shape) -> Shape:
        return shape

    def data(self, y: Tensor, model: Noise) -> tuple[DataTerm, ...]:
        A = self.operator(tuple(y.shape))
        flash = noise.Gaussian(max(noise.estimate(self.flash), LEAST_MISFIT))
        exposures = ((y, model), (self.flash, flash))
        return tuple(DataTerm(operators.Take(A.out_shape, k) @ A, z, m) for k, (z, m) in enumerate(exposures))

    def purpose(self, device: str, film: Film | None = None) -> Purpose:
        return Purpose(self.preset_task, film=film)

    def prior(self, spec: PriorSpec, device: str, film: Film | None = None) -> Prior:
        whole = super().prior(spec, device, film)
        generator = whole.parametrisation
        if isinstance(generator, priors.DIP):  # the network's input shows the edges of the flash picture
            generator = replace(generator, input=contrast(self.flash))
        parts = [priors.Joint(part) for part in (generator, whole.penalty) if part is not None]
        return sum(parts[1:], start=parts[0]) if parts else whole

    def finish(self, x: Tensor) -> Tensor:
        return self.exposure * x[0]


def suiting(A: Operator) -> str:
    """The task of DIP's presets that suits an operator best."""
    if A.is_identity:
        return Denoise.name
    if isinstance(A, operators.Mask):
        seen = A.known if A.known.dtype == torch.bool else A.known > 0
        return Inpaint(seen.expand(A.in_shape).reshape(-1, *A.in_shape[-2:]).all(0)).preset_task
    # other operators lose fine detail, as a decimation does
    return Upscale(8 if math.prod(A.in_shape) >= 64 * math.prod(A.out_shape) else 4).preset_task


def _each_frame(A: LinearOperator, shape: Shape) -> LinearOperator:
    """A on a picture, or on every frame of a film."""
    return A if len(shape) == 3 else operators.PerFrame(A, shape[0])


def _level(y: Tensor) -> float:
    """Noise level of a picture, or the mean over the frames of a film."""
    levels = [noise.estimate(x) for x in y.reshape(-1, *y.shape[-3:])]
    told = [level for level in levels if level > 0]  # a black frame tells nothing
    return sum(told) / len(told) if told else 0.0
