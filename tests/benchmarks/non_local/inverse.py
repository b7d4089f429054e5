"""Deblurring, ×4 and missing pixels, beside TV with the automatic weight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from invprior import noise, operators
from invprior.io import read
from invprior.metrics import psnr_luma
from invprior.runs.allocator import tune_allocator
from invprior.runs.tasks import Deblur, Inpaint, Upscale
from tests.benchmarks.blind import motion
from tests.benchmarks.dip import crop
from tests.benchmarks.flash import save as sheet
from tests.benchmarks.non_local.contest import NOISY, Asked
from tests.benchmarks.restored import Case

WEAK = noise.Gaussian(2**0.5 / 255)
BLURS = {"uniform 9×9": torch.full((9, 9), 1 / 81), "motion": motion()}
SMALL, HALVES = ("butterfly", "comic", "zebra"), ("barbara", "boat")


def picture(path: Path, size: int) -> Tensor:
    """The central pixels, a multiple of 4 of them along both axes; 0 for ``size`` is the whole."""
    x = read(path).x
    x = crop(x, size) if size else x
    return x[..., : x.shape[-2] // 4 * 4, : x.shape[-1] // 4 * 4].contiguous()


def cases(asked: Asked) -> Iterator[Case]:
    chosen = asked.pictures
    for name in (p for p in NOISY if p in chosen):
        clean = picture(asked.folder / "denoise25" / f"{name}_clean.png", asked.crop)
        for what, psf in BLURS.items():
            y = WEAK.sample(operators.Blur(clean.shape, psf)(clean), torch.Generator().manual_seed(0))
            yield Case(name, what, Deblur(psf), y, WEAK, clean)
    for name in (p for p in SMALL if p in chosen):
        clean = picture(asked.folder / "sr" / f"{name}.png", asked.crop)
        small = (operators.Lanczos(clean.shape, factor=4)(clean).clamp(0, 1) * 255).round() / 255
        yield Case(name, "×4", Upscale(4), small, "rounding", clean, psnr_luma)
    for name in (p for p in HALVES if p in chosen):
        folder = asked.folder / "inpaint50"
        clean, masked = (picture(folder / f"{name}_{kind}.png", asked.crop) for kind in ("clean", "masked"))
        yield Case(name, "half missing", Inpaint((masked > 0).any(0)), masked, "rounding", clean)


def beside_tv(asked: Asked) -> None:
    """Print PSNR and seconds beside TV's."""
    tune_allocator()
    torch.set_num_threads(1)
    print(
        "| picture | size | task | NonLocal | TV | gain | CPU s | TV |\n|---|---|---|---|---|---|---|---|", flush=True
    )
    for case in cases(asked):
        ours, tv = case.by("nonlocal"), case.by("tv")
        H, W = case.truth.shape[-2:]
        row = [case.picture, f"{W}×{H}", case.what, f"{ours.score:.2f}", f"{tv.score:.2f}"]
        row += [f"{ours.score - tv.score:+.2f}", f"{ours.seconds:.1f}", f"{tv.seconds:.1f}"]
        print(f"| {' | '.join(row)} |", flush=True)
        if asked.save is not None:
            shown = [v.expand(3, -1, -1) for v in (case.truth, tv.x, ours.x)]
            sheet(asked.save / f"{case.picture}-{case.what.replace(' ', '-').replace('×', 'x')}-{W}.png", shown)
