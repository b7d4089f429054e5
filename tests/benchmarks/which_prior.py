"""Which prior when: TV, TGV, wavelets, patches that recur and DIP on eight tasks.

    python -m tests.benchmarks.which_prior [--size 128] [--pictures astronaut brick] [--only TASK …]
        [--priors tv …] [--save DIR]

The pictures are those of scikit-image at half their size, so that they are sharp, and the central pixels of it. All
settings are those of the command line: the weights of TV, TGV and wavelets are chosen without the truth, DIP is
``fast``. One thread; seconds of processor time, with those for the weight. PSNR in dB; of ×4 that of Y without a border
of 4 pixels, of the hole that of its pixels alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from skimage import data
from torch import Tensor

from invprior import noise, operators
from invprior.metrics import psnr, psnr_luma
from invprior.runs.allocator import tune_allocator
from invprior.runs.tasks import Deblur, Denoise, Inpaint, Upscale
from tests.benchmarks.dip import crop
from tests.benchmarks.flash import save as sheet
from tests.benchmarks.restored import Case
from tests.benchmarks.results import add_keep, keep

PRIORS = {"tv": "TV", "tgv": "TGV", "wavelet": "wavelet", "nonlocal": "NonLocal", "dip": "DIP"}
PICTURES = ["astronaut", "brick", "chelsea", "grass"]
TASKS = ["σ 10", "σ 25", "σ 50", "photons", "×4", "half missing", "deblur", "hole"]
BLUR, WEAK = 9, 2**0.5 / 255
CODE = ("invprior/solvers", "invprior/weight", "priors")
GAIN = 0.02  # photons: the standard deviation at a value of 0.5 is 0.1
HOLE = 5  # its height and width are a fifth of the picture's


def photograph(name: str, size: int) -> Tensor:
    x = torch.from_numpy(getattr(data, name)()).float() / 255
    x = x[None] if x.ndim == 2 else x.permute(2, 0, 1)
    x = x[..., : x.shape[-2] // 2 * 2, : x.shape[-1] // 2 * 2].contiguous()
    return crop(operators.Lanczos(x.shape, factor=2)(x).clamp(0, 1), size)


def eight_bits(x: Tensor) -> Tensor:
    return (x.clamp(0, 1) * 255).round() / 255


def cases(name: str, size: int) -> Iterator[Case]:
    """The tasks on one picture, in the order of ``TASKS``."""
    clean, rng = photograph(name, size), torch.Generator().manual_seed(0)
    for level in (10, 25, 50):
        white = noise.Gaussian(level / 255)
        yield Case(name, f"σ {level}", Denoise(), white.sample(clean, rng), white, clean)
    photons = noise.Poisson(GAIN)
    yield Case(name, "photons", Denoise(), photons.sample(clean, rng), photons, clean)
    small = eight_bits(operators.Lanczos(clean.shape, factor=4)(clean))
    yield Case(name, "×4", Upscale(4), small, "rounding", clean, psnr_luma)
    truth, half = eight_bits(clean), torch.rand(clean.shape[-2:], generator=rng) < 0.5
    yield Case(name, "half missing", Inpaint(half), truth * half, "rounding", truth)
    psf, weak = torch.full((BLUR, BLUR), BLUR**-2.0), noise.Gaussian(WEAK)
    blurred = weak.sample(operators.Blur(clean.shape, psf)(clean), rng)
    yield Case(name, "deblur", Deblur(psf), blurred, weak, clean)
    H, W = clean.shape[-2:]
    h, w = H // HOLE, W // HOLE
    inside = (..., slice((H - h) // 2, (H + h) // 2), slice((W - w) // 2, (W + w) // 2))
    known = torch.ones(H, W, dtype=torch.bool)
    known[inside] = False

    def in_hole(x: Tensor, truth: Tensor) -> float:
        return psnr(x[inside], truth[inside])

    yield Case(name, "hole", Inpaint(known), truth * known, "rounding", truth, in_hole)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--pictures", nargs="+", choices=PICTURES, default=PICTURES[:2])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--priors", nargs="+", choices=PRIORS, default=list(PRIORS))
    parser.add_argument("--save", type=Path)
    add_keep(parser, "which_prior")
    given = parser.parse_args()
    tune_allocator()
    torch.set_num_threads(1)
    names = [PRIORS[p] for p in given.priors]
    print(f"| picture | task | {' | '.join(names)} | {' | '.join(f's: {n}' for n in names)} |")
    print(f"|{'---|' * (2 + 2 * len(names))}", flush=True)
    for picture in given.pictures:
        rows = []
        for case in cases(picture, given.size):
            if case.what not in given.only:
                continue
            done = [case.by(spec) for spec in given.priors]
            best = max(f"{d.score:.2f}" for d in done)
            scores = [f"**{s}**" if s == best else s for s in (f"{d.score:.2f}" for d in done)]
            rows.append(f"| {' | '.join([case.what, *scores, *(f'{d.seconds:.1f}' for d in done)])} |")
            print(f"| {picture} {rows[-1]}", flush=True)
            if given.save is not None:
                start = case.y if case.y.shape == case.truth.shape else torch.zeros_like(case.truth)
                shown = [case.truth, start, *(d.x for d in done)]
                name = f"{picture}-{case.what.replace(' ', '-').replace('×', 'x')}.png"
                sheet(given.save / name, [v.expand(3, -1, -1) for v in shown])
        keep(given.keep and f"{given.keep}-{picture}", CODE, printed=rows)


if __name__ == "__main__":
    main()
