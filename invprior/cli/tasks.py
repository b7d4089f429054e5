"""What differs between the restoring commands: the operator, the noise level, what becomes of the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from invprior import noise, operators
from invprior.cli.excerpt import in_tiles, windows
from invprior.cli.options import Settings
from invprior.errors import InvpriorError
from invprior.io import Picture, read_mask, read_psf
from invprior.noise import Noise
from invprior.operator import LinearOperator, Operator, Shape
from invprior.operators.mask import put_back
from invprior.problem import DataTerm
from invprior.specs import PriorSpec, parse_prior


class Task(ABC):
    """One restoring command."""

    name: ClassVar[str]
    tile: ClassVar[int] = 128  # pixels of a side of the tiles that a weight is chosen by

    @property
    def step(self) -> int:
        """Where A is the same around one pixel as around another so many further."""
        return 1

    @property
    def preset_task(self) -> str:
        """The name of the task in the presets of DIP."""
        return self.name

    @property
    def reach(self) -> int:
        """Pixels to each side that a measured value depends on, where these are many."""
        return 0

    def check(self) -> None:
        """Raise where the command's own options are wrong, before any picture is read."""

    @abstractmethod
    def operator(self, picture: Picture) -> LinearOperator:
        """From the restored picture to this one."""

    def measurement(self, picture: Picture, A: LinearOperator) -> Tensor:
        """y, what the picture holds of A x."""
        return picture.x

    def data(self, picture: Picture, given: Noise | None) -> tuple[tuple[DataTerm, ...], str]:
        """What was measured, with the noise model that the user gave, if any; and how the noise was found."""
        A = self.operator(picture)
        y = self.measurement(picture, A)
        if given is not None:
            return (DataTerm(A, y, given),), "given"
        level, rule = self.sigma(picture)
        return (DataTerm(A, y, noise.Gaussian(level)),), rule

    def prior(self, picture: Picture, settings: Settings, device: str) -> PriorSpec:
        """The prior for this picture."""
        return parse_prior(settings.prior, preset=settings.preset, task=self.preset_task)

    def restored(self, picture: Picture) -> Shape:
        """The shape of the restored picture."""
        return self.operator(picture).in_shape

    def excerpt(self, data: tuple[DataTerm, ...]) -> tuple[DataTerm, ...]:
        """Smaller measurements that the weight is chosen by; the whole of those that are not large."""
        return in_tiles(data, windows(data[0].operator.in_shape, self.tile, self.step)) or data

    def sigma(self, picture: Picture) -> tuple[float, str]:
        """The noise level where the user gave none, and how it was found."""
        return picture.rounding, "rounding"

    def finish(self, x: Tensor, picture: Picture, A: Operator, noise_given: bool) -> Picture:
        """The picture to write, of the restored ``x`` on the CPU; A is the first measurement's operator."""
        return picture.with_pixels(x, picture.alpha)


def estimated(picture: Picture) -> tuple[float, str]:
    """The noise level that the finest detail of the picture shows, and how it was found."""
    return max(noise.estimate(picture.x), picture.rounding), "estimated"


def upscaling(factor: int) -> str:
    """The name in the presets of DIP of enlarging so many times."""
    return "upscale8" if factor >= 8 else "upscale"


def known_pixels(mask: Path, invert: bool) -> Tensor:
    """The known pixels (H, W) of a mask; raise where there is none."""
    known = read_mask(mask, invert)
    if not bool(known.any()):
        raise InvpriorError(f"the mask {mask} leaves no pixel known; white = hole, turn it round with --invert-mask")
    return known


@dataclass(frozen=True)
class Denoise(Task):
    """A = identity."""

    name: ClassVar[str] = "denoise"
    tile: ClassVar[int] = 256

    def operator(self, picture: Picture) -> LinearOperator:
        return operators.Identity(picture.x.shape)

    def sigma(self, picture: Picture) -> tuple[float, str]:
        return estimated(picture)


@dataclass(frozen=True)
class Upscale(Task):
    """A = Lanczos decimation."""

    factor: int
    name: ClassVar[str] = "upscale"

    @property
    def step(self) -> int:
        return self.factor

    @property
    def preset_task(self) -> str:
        return upscaling(self.factor)

    def operator(self, picture: Picture) -> LinearOperator:
        C, H, W = picture.x.shape
        return operators.Lanczos((C, H * self.factor, W * self.factor), factor=self.factor)

    def finish(self, x: Tensor, picture: Picture, A: Operator, noise_given: bool) -> Picture:
        alpha = picture.alpha
        if alpha is not None:
            size = tuple(x.shape[-2:])
            alpha = torch.nn.functional.interpolate(alpha[None], size, mode="bicubic", align_corners=False)[0].clamp(
                0, 1
            )
        return picture.with_pixels(x, alpha)


@dataclass(frozen=True)
class Deblur(Task):
    """A = convolution with a measured point spread function."""

    psf: Path
    name: ClassVar[str] = "deblur"

    @property
    def preset_task(self) -> str:
        return "upscale"  # as there, the fine detail is missing and the noise is weak

    @cached_property
    def kernel(self) -> Tensor:
        """The point spread function, read once for all pictures."""
        return read_psf(self.psf)

    @property
    def reach(self) -> int:
        return max(self.kernel.shape)

    def check(self) -> None:
        _ = self.kernel

    def operator(self, picture: Picture) -> LinearOperator:
        return operators.Blur(picture.x.shape, self.kernel)

    def sigma(self, picture: Picture) -> tuple[float, str]:
        return estimated(picture)  # a blur leaves little but noise in the finest detail


@dataclass(frozen=True)
class Inpaint(Task):
    """A = mask."""

    mask: Path
    invert: bool
    name: ClassVar[str] = "inpaint"

    @cached_property
    def known(self) -> Tensor:
        """The known pixels (H, W), read once for all pictures."""
        return known_pixels(self.mask, self.invert)

    def check(self) -> None:
        _ = self.known

    def operator(self, picture: Picture) -> LinearOperator:
        (H, W), (h, w) = self.known.shape, picture.x.shape[-2:]
        if (h, w) != (H, W):
            raise InvpriorError(f"the mask {self.mask} is {W}×{H} pixels and the picture {w}×{h}; they must agree")
        return operators.Mask(picture.x.shape, self.known)

    def measurement(self, picture: Picture, A: LinearOperator) -> Tensor:
        return A(picture.x)  # what stands in the hole was not measured

    def finish(self, x: Tensor, picture: Picture, A: Operator, noise_given: bool) -> Picture:
        if not noise_given:
            x = put_back(x, A, picture.x)
        return picture.with_pixels(x, picture.alpha)
