"""``invprior flash``: a noisy picture in the desired light, and a clean one with flash."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from invprior.cli.align import moved, offset
from invprior.cli.options import Settings
from invprior.cli.pictures import restore
from invprior.cli.request import given_number
from invprior.cli.restore import told_of
from invprior.errors import InvpriorError
from invprior.io import read
from invprior.io.image import rounding
from invprior.purpose import Purpose
from invprior.runs.choosing import AUTO, ORDER
from invprior.runs.tasks import Guided, Pair
from invprior.specs import parse_prior


def restore_pair(
    no_flash: Path,
    with_flash: Path,
    output: Path,
    mode: str,
    align: bool,
    exposure: str,
    settings: Settings,
    overwrite: bool = False,
) -> None:
    """Restore ``no_flash`` with the help of ``with_flash`` and write ``output``."""
    if mode not in ("guide", "pair"):
        raise InvpriorError(f"--mode takes guide or pair, got {mode!r}")
    if settings.error_map is not None:
        raise InvpriorError("--error-map moves the picture, and its flash picture would stay; drop it, or use denoise")
    given = given_number(exposure, "--exposure")
    if given is not None and mode != "pair":
        raise InvpriorError("--exposure is the ratio of the two exposures of --mode pair; drop it, or add --mode pair")
    picture = read(no_flash)
    flash = told_of(with_flash, read(with_flash)).in_scale_of(picture)
    _check_fit(no_flash, picture.x, with_flash, flash)
    if align:
        rows, columns = offset(flash, picture.x)
        flash = moved(flash, rows, columns)
        if not settings.quiet:
            print(f"{with_flash.name}: moved by {rows:+.2f} rows and {columns:+.2f} columns", file=sys.stderr)
    if mode == "guide":
        restore(Guided(flash), [no_flash], output, settings, None, overwrite, {"FLASH": with_flash})
        return
    if picture.x.shape != flash.shape:
        raise InvpriorError(
            f"{no_flash} has {picture.x.shape[0]} colour channels and {with_flash} {flash.shape[0]}; "
            "--mode pair needs equal numbers, --mode guide takes any"
        )
    if settings.prior == AUTO:
        settings = replace(settings, prior=ORDER["flash"][0])
    # a network's output is positive, so the flash light has to be; a penalty allows a negative one
    positive = parse_prior(settings.prior).made(Purpose(Pair.name)).parametrised
    least = longest(picture.x, flash) if positive else 1.0
    restore(
        Pair(flash, least if given is None else given),
        [no_flash],
        output,
        settings,
        None,
        overwrite,
        {"FLASH": with_flash},
    )


def _check_fit(no_flash: Path, x: Tensor, with_flash: Path, flash: Tensor) -> None:
    if x.shape[-2:] != flash.shape[-2:]:
        (h, w), (fh, fw) = x.shape[-2:], flash.shape[-2:]
        raise InvpriorError(f"{no_flash} is {w}×{h} pixels and {with_flash} {fw}×{fh}; crop or resize them to one size")


def longest(no_flash: Tensor, flash: Tensor) -> float:
    """Exposure without flash over that with flash: the least ratio that leaves the flash light positive, 1 or more.

    It is the 0.99 quantile of the ratios of the two pictures, each averaged over 9×9 pixels.
    """
    dim, lit = (torch.nn.functional.avg_pool2d(x, min(9, *x.shape[-2:])) for x in (no_flash, flash))
    return max(1.0, float(torch.quantile((dim / (lit + rounding(8))).flatten(), 0.99)))
