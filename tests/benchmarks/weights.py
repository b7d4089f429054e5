"""The automatic weights against the best one, for every penalty: how many decibels the choice costs.

    python -m tests.benchmarks.weights FOLDER [--sigma 0.098]

FOLDER holds pairs NAME_noisy.png and NAME_clean.png. The best weight is found with the truth, by golden section in
log c to 3 %, started around the automatic one; every picture that is scored is solved from scratch with the default
stop rule. The clean picture is used for nothing else.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from invprior import Prior, Problem, noise, solve, weight
from invprior.io import read
from invprior.metrics import psnr
from invprior.operators import Identity
from invprior.priors import TV, Tikhonov, Wavelet

PRIORS: dict[str, Prior] = {
    "TV": TV(),
    "TV, channel by channel": TV(coupled=False),
    "Wavelet": Wavelet(),
    "Tikhonov": Tikhonov(),
}
GOLDEN = (math.sqrt(5) - 1) / 2


def best(quality: Callable[[float], float], start: float) -> float:
    """The weight of the highest quality, of one maximum, bracketed from ``start`` on in factors of 1.3."""
    step = math.log(1.3)
    t = math.log(start)

    def at(t: float) -> float:
        return quality(math.exp(t))

    if at(t + step) < at(t):
        step = -step
    while at(t + step) > at(t):
        t += step
    a, b = sorted((t - step, t + step))
    while b - a > 0.03:
        c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        a, b = (a, d) if at(c) > at(d) else (c, b)
    return math.exp((a + b) / 2)


def row(y: Tensor, truth: Tensor, model: noise.Gaussian, prior: Prior) -> tuple[str, float, float]:
    """The table's cells, the quality with the least SURE and the best quality."""
    known: dict[float, float] = {}

    def quality(w: float) -> float:
        w = float(f"{w:.6g}")  # so that golden section meets its old points again
        if w not in known:
            result = solve(Problem(Identity(y.shape), y, noise=model, prior=w * prior))
            known[w] = psnr(result.x.clamp(0, 1), truth)
        return known[w]

    problem = Problem(Identity(y.shape), y, noise=model, prior=prior)
    choices, seconds = [], []
    for rule in (weight.auto, weight.discrepancy):
        begin = time.perf_counter()
        choices.append(rule(problem))
        seconds.append(time.perf_counter() - begin)
    top = best(quality, choices[0].weight)
    # the point itself may be a hair below a neighbour that was tried
    top = max(known, key=lambda w: known[w]) if max(known.values()) > quality(top) else top
    cells = [f"{quality(c.weight):.2f} (c = {c.weight:.3g}, {t:.1f} s)" for c, t in zip(choices, seconds, strict=True)]
    sure, optimum = quality(choices[0].weight), quality(top)
    loss = f"{sure - optimum:+.2f} | {quality(choices[1].weight) - optimum:+.2f}"
    return f"{cells[0]} | {cells[1]} | {optimum:.2f} (c = {top:.3g}) | {loss}", sure, optimum


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sigma", type=float, default=25 / 255)
    given = parser.parse_args()
    pairs = sorted(given.folder.glob("*_noisy.png"))
    if not pairs:
        parser.error(f"{given.folder} holds no NAME_noisy.png")
    print(f"sigma {given.sigma:.4g}, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| picture | prior | least SURE | discrepancy | best | SURE − best | discrepancy − best |")
    print("|---|---|---|---|---|---|---|")
    worst = 0.0
    for path in pairs:
        y = read(path).x
        truth = read(path.with_name(path.name.replace("_noisy", "_clean"))).x
        for name, prior in PRIORS.items():
            cells, sure, optimum = row(y, truth, noise.Gaussian(given.sigma), prior)
            print(f"| {path.stem.removesuffix('_noisy')} | {name} | {cells} |", flush=True)
            worst = max(worst, optimum - sure)
    print(f"\nleast SURE is at most {worst:.2f} dB below the best")


if __name__ == "__main__":
    main()
