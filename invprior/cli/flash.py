"""``invprior flash``: a noisy picture in the light one wants, and a clean one with flash."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from invprior import noise, operators, priors
from invprior.cli.align import moved, offset
from invprior.cli.options import Settings
from invprior.cli.pictures import restore
from invprior.cli.restore import parse_number
from invprior.cli.tasks import Task
from invprior.errors import InvpriorError
from invprior.io import Picture, read
from invprior.io.image import rounding
from invprior.noise import Noise
from invprior.operator import LinearOperator, Operator, Shape
from invprior.priors.contrast import contrast
from invprior.problem import DataTerm
from invprior.specs import PriorSpec, parse_prior

# Light adds up in linear pictures and only about in developed ones: a pair's flash picture is not trusted further.
LEAST_MISFIT = 0.02


@dataclass(frozen=True, eq=False)
class Guided(Task):
    """A = identity on the picture without flash; the one with flash guides the prior."""

    flash: Picture
    name: ClassVar[str] = "flash"

    def operator(self, picture: Picture) -> LinearOperator:
        return operators.Identity(picture.x.shape)

    def sigma(self, picture: Picture) -> tuple[float, str]:
        level = noise.estimate_beside(picture.x, self.flash.x)
        return max(level, picture.rounding), "estimated beside the flash picture"

    def excerpt(self, data: tuple[DataTerm, ...]) -> tuple[DataTerm, ...]:
        return data  # the guide belongs to the whole picture

    def prior(self, picture: Picture, settings: Settings, device: str) -> PriorSpec:
        return parse_prior(settings.prior, preset=settings.preset, task=self.preset_task, guide=self.flash.x.to(device))


@dataclass(frozen=True, eq=False)
class Pair(Guided):
    """x = (ambient, flash light), measured without and with flash, each with its own noise."""

    exposure: float

    def operator(self, picture: Picture) -> LinearOperator:
        return operators.FlashPair(picture.x.shape, (self.exposure, 1.0))

    def restored(self, picture: Picture) -> Shape:
        return tuple(picture.x.shape)

    def data(self, picture: Picture, given: Noise | None) -> tuple[tuple[DataTerm, ...], str]:
        A = self.operator(picture)
        level, rule = self.sigma(picture)
        models = (given or noise.Gaussian(level), noise.Gaussian(self._flash_sigma()))
        exposures = enumerate(zip((picture.x, self.flash.x), models, strict=True))
        terms = tuple(DataTerm(operators.Take(A.out_shape, k) @ A, y, model) for k, (y, model) in exposures)
        return terms, rule if given is None else "given"

    def prior(self, picture: Picture, settings: Settings, device: str) -> PriorSpec:
        spec = parse_prior(settings.prior, preset=settings.preset, task=self.preset_task)
        dip = spec.generator
        if isinstance(dip, priors.DIP):
            dip = priors.Joint(replace(dip, input=contrast(self.flash.x)))
        return PriorSpec(spec.name, dip, priors.Joint(spec.penalty))

    def finish(self, x: Tensor, picture: Picture, A: Operator, noise_given: bool) -> Picture:
        return picture.with_pixels(self.exposure * x[0], picture.alpha)

    def _flash_sigma(self) -> float:
        return max(noise.estimate(self.flash.x), LEAST_MISFIT)


def restore_pair(
    no_flash: Path, with_flash: Path, output: Path, mode: str, align: bool, exposure: str, settings: Settings
) -> None:
    """Restore ``no_flash`` by ``with_flash`` and write it to ``output``."""
    if mode not in ("guide", "pair"):
        raise InvpriorError(f"--mode takes guide or pair, got {mode!r}")
    given = parse_number(exposure, "--exposure")
    if output.exists() and with_flash.exists() and output.samefile(with_flash):
        raise InvpriorError(f"{output} would be written over its own input; give another OUT")
    picture, flash = read(no_flash), read(with_flash)
    _check_fit(no_flash, picture.x, with_flash, flash.x)
    if align:
        rows, columns = offset(flash.x, picture.x)
        flash = flash.with_pixels(moved(flash.x, rows, columns), None)
        if not settings.quiet:
            print(f"{with_flash.name}: moved by {rows:+.2f} rows and {columns:+.2f} columns", file=sys.stderr)
    if mode == "guide":
        restore(Guided(flash), [no_flash], output, settings)
        return
    if picture.x.shape != flash.x.shape:
        raise InvpriorError(
            f"{no_flash} has {picture.x.shape[0]} colour channels and {with_flash} {flash.x.shape[0]}; "
            "--mode pair takes as many, --mode guide any"
        )
    bounded = parse_prior(settings.prior, preset=settings.preset, task=Pair.name).generator is not None
    least = longest(picture.x, flash.x) if bounded else 1.0  # a penalty takes a negative flash light as well
    restore(Pair(flash, least if given is None else given), [no_flash], output, settings)


def _check_fit(no_flash: Path, x: Tensor, with_flash: Path, flash: Tensor) -> None:
    if x.shape[-2:] != flash.shape[-2:]:
        (h, w), (fh, fw) = x.shape[-2:], flash.shape[-2:]
        raise InvpriorError(f"{no_flash} is {w}×{h} pixels and {with_flash} {fw}×{fh}; crop or resize them to one size")


def longest(no_flash: Tensor, flash: Tensor) -> float:
    """How many times longer the exposure without flash was: the least that leaves the flash light positive, 1 or more.

    Of the ratios of the two pictures, each averaged over 9×9 pixels, all but a hundredth are below it.
    """
    dim, lit = (torch.nn.functional.avg_pool2d(x, min(9, *x.shape[-2:])) for x in (no_flash, flash))
    return max(1.0, float(torch.quantile((dim / (lit + rounding(8))).flatten(), 0.99)))
