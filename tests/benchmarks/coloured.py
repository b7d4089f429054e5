"""Correlated noise with its covariance, and the same data treated as white.

    python -m tests.benchmarks.coloured FOLDER

FOLDER holds NAME_clean.png; noise is added to the central 192×192 pixels of each. That of a Bayer mosaic is measured
from other noise of a flat part of 48×48 pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from invprior import Problem, noise, solve, weight
from invprior.io import read
from invprior.metrics import psnr
from invprior.noise import Coloured, Noise
from invprior.operators import Identity
from invprior.priors import TV, NonLocal
from tests.benchmarks.dip import crop
from tests.mosaic import mosaic_noise

SIZE, FLAT = 192, 48


def measured(clean: Tensor, width: float | None) -> tuple[Tensor, Coloured]:
    """A noisy picture and what is known of its noise: a blur of white noise, or that of a mosaic for None."""
    if width is None:
        return clean + mosaic_noise(0.15, SIZE, 1), Coloured.measured(mosaic_noise(0.15, FLAT, 2))
    model = Coloured(0.1, width)
    return model.sample(clean, torch.Generator().manual_seed(1)), model


def scores(y: Tensor, clean: Tensor, model: Noise) -> list[float]:
    direct = Identity(tuple(y.shape))
    c = weight.auto(Problem(direct, y, noise=model, prior=TV())).weight
    priors = (c * TV(), NonLocal())
    return [psnr(solve(Problem(direct, y, noise=model, prior=prior)).x.clamp(0, 1), clean) for prior in priors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    print(
        "| noise | picture | noisy | TV, as white | TV | NonLocal, as white | NonLocal |\n|---|---|---|---|---|---|---|"
    )
    for path in sorted(parser.parse_args().folder.glob("*_clean.png")):
        clean = crop(read(path).x, SIZE)
        for width in (None, 1.0, 0.5):
            y, model = measured(clean, width)
            white, known = (scores(y, clean, m) for m in (noise.Gaussian(model.sigma), model))
            figures = (psnr(y, clean), white[0], known[0], white[1], known[1])
            name = "demosaiced" if width is None else f"blur, {width:g}"
            picture = path.name.removesuffix("_clean.png")
            print(f"| {name} | {picture} | {' | '.join(f'{v:.2f}' for v in figures)} |", flush=True)


if __name__ == "__main__":
    main()
