"""What happens to an estimate of the deep image prior that is not stopped.

    python -m tests.benchmarks.plateau FOLDER [--size 128] [--times 5] [--presets steady] [--only denoise …]

FOLDER holds the pictures of tests.benchmarks.dip. Each preset runs for ``times`` its limit without its other rules. The
last column is what the estimate has lost by then of its best; the truth is for scoring alone. ``guided`` is given the
picture of NonLocal, ``flash`` that of a flash.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from invprior import noise, solve
from invprior.io import read
from invprior.metrics import psnr
from invprior.operators import Blur, Identity
from invprior.priors import DIP, NonLocal, presets
from invprior.priors.contrast import contrast
from invprior.runs.allocator import tune_allocator
from invprior.solvers.iterate import Iterate
from invprior.stop import MaxIterations
from tests.benchmarks.dip import Picture, crop, denoising, inpainting, upscaling
from tests.flash_scene import scene, stripes
from tests.ten import Bayer, gaussian

EVERY = 20
WEAK = 5 / 255


def cases(folder: Path, size: int) -> Iterator[tuple[str, Picture, Tensor | None]]:
    """A plane, a butterfly and Barbara, each degraded, and a network's input if it is no noise.

    ``own`` is a mosaic of colours as tests/ten.py writes it.
    """
    plane = next(p for p in denoising(folder, size) if p.name == "F16")
    yield "denoise", plane, None
    yield "upscale", next(p for p in upscaling(folder, size) if p.name == "butterfly"), None
    yield "inpaint", next(p for p in inpainting(folder, size) if p.name == "barbara"), None
    yield "guided", replace(plane, task="guided"), solve(plane.problem(NonLocal())).x
    clean = crop(read(folder / "denoise25/F16_clean.png").x, size)
    rng = torch.Generator().manual_seed(0)
    for name, A in (("deblur", Blur(clean.shape, gaussian(1.5))), ("own", Bayer(tuple(clean.shape)))):
        y = noise.Gaussian(WEAK).sample(A(clean), rng)
        yield name, Picture("F16", "denoise", A, y, WEAK, plane.score), None
    lit = scene(clean, stripes(*clean.shape[-2:]))
    sigma = noise.estimate_beside(lit.no_flash, lit.flash)

    def score(x: Tensor) -> float:
        return psnr(x.clamp(0, 1), lit.ambient)

    yield "flash", Picture("F16", "flash", Identity(clean.shape), lit.no_flash, sigma, score), contrast(lit.flash)


def curve(picture: Picture, z: Tensor | None, preset: str, times: int) -> tuple[list[tuple[int, float]], int]:
    """PSNR of the estimate every few iterations, and the usual limit."""
    s = presets.load(preset, picture.task)
    scores: list[tuple[int, float]] = []

    def note(iterate: Iterate) -> None:
        if iterate.iteration % EVERY == 0:
            scores.append((iterate.iteration, picture.score(iterate.x)))

    solve(
        picture.problem(DIP(preset, picture.task, input=z)),
        s.solver,
        stop=MaxIterations(times * s.iterations),
        callbacks=[note],
    )
    return scores, s.iterations


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--presets", nargs="+", default=["steady"])
    parser.add_argument("--only", nargs="+")
    given = parser.parse_args()
    tune_allocator()
    print("| task | preset | one fit, at its limit | best | at the end | lost |\n|---|---|---|---|---|---|", flush=True)
    for name, picture, z in cases(given.folder, given.size):
        for preset in given.presets if not given.only or name in given.only else []:
            scores, usual = curve(picture, z, preset, given.times)
            at, best = max(scores, key=lambda pair: pair[1])
            there = next(score for k, score in scores if k >= usual)
            k, last = scores[-1]
            cells = f"{there:.2f}@{usual} | {best:.2f}@{at} | {last:.2f}@{k} | {best - last:.2f}"
            print(f"| {name} | {preset} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
