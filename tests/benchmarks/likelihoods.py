"""Photon noise and outliers with the right likelihood, and the same data treated as Gaussian.

    python -m tests.benchmarks.likelihoods FOLDER

FOLDER holds NAME_clean.png; the central 256×256 pixels of each are degraded with three seeds. Both sides get the weight
that is best for the truth, so that the likelihood alone differs, and also the automatic one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

from invprior import Problem, noise, solve, weight
from invprior.io import read
from invprior.metrics import psnr
from invprior.noise.base import Noise
from invprior.operators import Identity
from invprior.priors import TV
from tests.benchmarks.dip import crop

SEEDS = 3
MODELS: dict[str, Noise] = {
    "photons, gain 0.1, read 0.01": noise.PoissonGaussian(0.1, 0.01),
    "photons, gain 0.02, read 0.02": noise.PoissonGaussian(0.02, 0.02),
    "photons alone, gain 0.2": noise.Poisson(0.2),
}


def restored(y: Tensor, model: Noise, c: float) -> Tensor:
    return solve(Problem(Identity(y.shape), y, noise=model, prior=c * TV())).x.clamp(0, 1)


def best(score: Callable[[float], float], start: float) -> float:
    """The largest score over weights in factors of 1.25, walked uphill from ``start``."""
    factor = 1.25 if score(1.25 * start) > score(start) else 0.8
    top = score(start)
    while (value := score(start * factor)) > top:
        start, top = start * factor, value
    return top


def row(clean: Tensor, model: Noise, seed: int) -> list[float]:
    y = model.sample(clean, torch.Generator().manual_seed(seed))
    plain = noise.Gaussian(float(model.estimated_variance(y).mean()) ** 0.5)
    out = []
    for likelihood in (model, plain):
        c = weight.auto(Problem(Identity(y.shape), y, noise=likelihood, prior=TV())).weight
        out.append(best(lambda w, m=likelihood: psnr(restored(y, m, w), clean), c))  # type: ignore[misc]
        out.append(psnr(restored(y, likelihood, c), clean))
    return out


def salt_and_pepper(clean: Tensor, seed: int) -> list[float]:
    draw = torch.rand(clean.shape[-2:], generator=torch.Generator().manual_seed(seed))
    y = torch.where(draw < 0.05, 0.0, torch.where(draw > 0.95, 1.0, clean))
    return [
        best(lambda w, m=m: psnr(restored(y, m, w), clean), 8.0)  # type: ignore[misc]
        for m in (noise.Laplace(0.05), noise.Gaussian(0.15))
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    print("| data | picture | right likelihood, best weight | automatic | as Gaussian, best weight | automatic |")
    print("|---|---|---|---|---|---|")
    for path in sorted(folder.glob("*_clean.png")):
        clean = crop(read(path).x, 256)
        name = path.name.removesuffix("_clean.png")
        for label, model in MODELS.items():
            rows = [row(clean, model, seed) for seed in range(SEEDS)]
            right, right_auto, plain, plain_auto = (mean(column) for column in zip(*rows, strict=True))
            print(f"| {label} | {name} | {right:.2f} | {right_auto:.2f} | {plain:.2f} | {plain_auto:.2f} |", flush=True)
        robust, plain = (mean(c) for c in zip(*(salt_and_pepper(clean, s) for s in range(SEEDS)), strict=True))
        print(f"| salt and pepper, 10 % | {name} | {robust:.2f} | | {plain:.2f} | |", flush=True)


if __name__ == "__main__":
    main()
