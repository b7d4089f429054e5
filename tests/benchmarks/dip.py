"""Seconds to quality of the deep image prior's presets, and of the original code beside them.

    python -m tests.benchmarks.dip FOLDER [--presets fast best] [--pictures F16 …] [--size 256] [--seeds 1]
        [--original CHECKOUT] [--original-iterations N]

FOLDER holds ``denoise25/NAME_clean.png`` and ``NAME_noisy.png``, ``sr/NAME.png`` (×4) and
``inpaint50/NAME_clean.png`` and ``NAME_masked.png``; the central crops are fitted. The truth is for scoring alone.

CHECKOUT is a clone of the original code. Its network and the settings of its notebooks are run on the same crop, which
takes half an hour for a picture, three hours for inpainting (or N iterations of it); the PSNR of its best averaged
iterate is then the target, and the last column says how many times sooner a preset gets there.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invprior import Problem, noise, solve
from invprior.io import read
from invprior.linear_operator import LinearOperator
from invprior.metrics import psnr, psnr_luma
from invprior.operators import Identity, Lanczos, Mask
from invprior.prior import Prior
from invprior.priors import DIP
from invprior.runs.allocator import tune_allocator
from invprior.solvers.iterate import Iterate
from invprior.solvers.loop import choose

EVERY = 10
EIGHT_BIT = 1 / (255 * 12**0.5)
# iterations, learning rate and jitter of the original's notebooks
ORIGINAL = {"denoise": (1800, 0.01, 1 / 30), "upscale": (2000, 0.01, 0.03), "inpaint": (11000, 0.001, 0.03)}
AVERAGE = 0.99  # its own in denoising; elsewhere it takes the last output, which is up to half a decibel worse


@dataclass(frozen=True)
class Picture:
    """What is fitted, and how an image scores."""

    name: str
    task: str
    operator: LinearOperator
    y: Tensor
    sigma: float
    score: Callable[[Tensor], float]

    def problem(self, prior: Prior) -> Problem:
        return Problem(self.operator, self.y, noise=noise.Gaussian(self.sigma), prior=prior)


@dataclass(frozen=True)
class Curve:
    """PSNR of the estimate and the seconds it took, every ``EVERY`` iterations; what was kept in the end."""

    seconds: list[float]
    scores: list[float]
    kept: float
    total: float
    iterations: int

    def first(self, target: float) -> float | None:
        """Seconds until the target is reached."""
        return next((t for t, s in zip(self.seconds, self.scores, strict=True) if s >= target), None)


def crop(x: Tensor, size: int) -> Tensor:
    H, W = x.shape[-2:]
    top, left = max(0, (H - size) // 2), max(0, (W - size) // 2)
    return x[..., top : top + size, left : left + size].contiguous()


def denoising(folder: Path, size: int) -> list[Picture]:
    out = []
    for path in sorted(folder.glob("denoise25/*_clean.png")):
        clean, y = (crop(read(p).x, size) for p in (path, Path(str(path).replace("_clean", "_noisy"))))
        score = lambda x, clean=clean: psnr(x, clean)  # noqa: E731
        out.append(Picture(path.stem.removesuffix("_clean"), "denoise", Identity(y.shape), y, 25 / 255, score))
    return out


def upscaling(folder: Path, size: int) -> list[Picture]:
    out = []
    for path in sorted(folder.glob("sr/*.png")):
        clean = crop(read(path).x, size)
        A = Lanczos(clean.shape, 4)
        y = (A(clean) * 255).round() / 255
        score = lambda x, clean=clean: psnr_luma(x.clamp(0, 1), clean)  # noqa: E731
        out.append(Picture(path.stem, "upscale", A, y, EIGHT_BIT, score))
    return out


def inpainting(folder: Path, size: int) -> list[Picture]:
    out = []
    for path in sorted(folder.glob("inpaint50/*_clean.png")):
        clean, masked = (crop(read(p).x, size) for p in (path, Path(str(path).replace("_clean", "_masked"))))
        known = (masked > 0).any(0)
        y = masked * known
        score = lambda x, c=clean, k=known, y=y: psnr(torch.where(k, y, x), c)  # noqa: E731
        out.append(Picture(path.stem.removesuffix("_clean"), "inpaint", Mask(y.shape, known), y, EIGHT_BIT, score))
    return out


def ours(picture: Picture, preset: str, seed: int) -> Curve:
    problem = picture.problem(DIP(preset, picture.task))
    seconds: list[float] = []
    scores: list[float] = []
    scoring = 0.0

    def note(iterate: Iterate) -> None:
        nonlocal scoring
        if iterate.iteration % EVERY == 0:
            begin = time.perf_counter()
            seconds.append(iterate.seconds - scoring)
            scores.append(picture.score(iterate.x))
            scoring += time.perf_counter() - begin

    recipe = choose(problem)
    r = solve(problem, recipe.solver, stop=recipe.stop, callbacks=[note], seed=seed)
    return Curve(seconds, scores, picture.score(r.x), r.seconds - scoring, r.iterations)


def original(picture: Picture, checkout: Path, seed: int = 0, most: int = 100_000) -> Curve:
    """The network of the checkout with the notebook's settings, for at most so many iterations."""
    sys.path.insert(0, str(checkout))
    from models.skip import skip  # type: ignore[import-not-found]

    iterations, lr, jitter = ORIGINAL[picture.task]
    torch.manual_seed(seed)
    net: Any = skip(
        32,
        picture.y.shape[0],
        num_channels_down=[128] * 5,
        num_channels_up=[128] * 5,
        num_channels_skip=[4] * 5,
        upsample_mode="bilinear",
        need_sigmoid=True,
        need_bias=True,
        pad="reflection",
        act_fun="LeakyReLU",
    )
    z = 0.1 * torch.rand(1, 32, *picture.operator.in_shape[-2:])
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    mean: Tensor | None = None
    seconds: list[float] = []
    scores: list[float] = []
    spent = 0.0
    iterations = min(iterations, most)
    for k in range(1, iterations + 1):
        begin = time.perf_counter()
        optimizer.zero_grad()
        x = net(z + jitter * torch.randn(z.shape))[0]
        (picture.operator(x) - picture.y).square().mean().backward()
        optimizer.step()
        x = x.detach()
        mean = x if mean is None else AVERAGE * mean + (1 - AVERAGE) * x
        spent += time.perf_counter() - begin
        if k % EVERY == 0:
            seconds.append(spent)
            scores.append(picture.score(mean))
    return Curve(seconds, scores, scores[-1], spent, iterations)


def row(picture: Picture, name: str, curve: Curve, target: Curve | None) -> str:
    best = max(curve.scores)
    cells = [
        picture.name,
        picture.task,
        name,
        f"{1000 * curve.total / curve.iterations:.0f}",
        f"{curve.kept:.2f}",
        f"{curve.iterations}",
        f"{curve.total:.0f}",
        f"{best:.2f}",
    ]
    if target is not None:
        goal = max(target.scores)
        theirs, mine = target.first(goal), curve.first(goal)
        cells.append("not reached" if mine is None or theirs is None else f"{mine:.0f} s, {theirs / mine:.1f}×")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--presets", nargs="*", default=["fast"])
    parser.add_argument("--pictures", nargs="+")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--original", type=Path)
    parser.add_argument("--original-iterations", type=int, default=100_000)
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, crops of {given.size}×{given.size}\n")
    head = ["picture", "task", "preset", "ms an iteration", "kept dB", "iterations", "seconds", "best dB on the way"]
    head += ["to the original's best"] if given.original else []
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for load in (denoising, upscaling, inpainting):
        for picture in load(given.folder, given.size):
            if given.pictures and picture.name not in given.pictures:
                continue
            target = original(picture, given.original, most=given.original_iterations) if given.original else None
            if target is not None:
                print(row(picture, "original", target, target), flush=True)
            for preset, seed in itertools.product(given.presets, range(given.seeds)):
                print(row(picture, preset, ours(picture, preset, seed), target), flush=True)


if __name__ == "__main__":
    main()
