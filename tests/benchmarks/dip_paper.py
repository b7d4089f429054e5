"""Whether the preset ``paper`` is the published method: PSNR beside the original code at equal iterations.

    python -m tests.benchmarks.dip_paper FOLDER CHECKOUT [--picture F16] [--seeds 3] [--iterations 300]

Both sides are scored on the original's average of their outputs, x̄ ← 0.99 x̄ + 0.01 x from the first iteration on. The
random numbers differ, so that only the means over the seeds can agree.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

from invprior import solve, stop
from invprior.priors import DIP
from invprior.runs.allocator import tune_allocator
from invprior.solvers.iterate import Iterate
from tests.benchmarks.dip import AVERAGE, EVERY, Picture, denoising, original


def ours(picture: Picture, seed: int, iterations: int) -> list[float]:
    """The score of the average every ``EVERY`` iterations."""
    average: list[Tensor] = []
    scores: list[float] = []

    def note(iterate: Iterate) -> None:
        x = iterate.state.x
        average[:] = [x if not average else AVERAGE * average[0] + (1 - AVERAGE) * x]
        if iterate.iteration % EVERY == 0:
            scores.append(picture.score(average[0]))

    solve(picture.problem(DIP("paper")), stop=stop.MaxIterations(iterations), callbacks=[note], seed=seed)
    return scores


def main() -> None:
    """Print the table."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--picture", default="F16")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=300)
    given = parser.parse_args()
    (picture,) = (p for p in denoising(given.folder, given.size) if p.name == given.picture)
    here, there = [], []
    for seed in range(given.seeds):
        here.append(ours(picture, seed, given.iterations))
        there.append(original(picture, given.checkout, seed, given.iterations).scores)
        print(f"seed {seed}: paper {here[-1][-1]:.2f} dB, original {there[-1][-1]:.2f} dB", flush=True)
    print(f"\ntorch {torch.__version__}, {picture.name} {given.size}×{given.size}, means over {given.seeds} seeds\n")
    print("| iteration | paper | original | difference |\n|---|---|---|---|")
    for k in range(50, given.iterations + 1, 50):
        a, b = (mean(s[k // EVERY - 1] for s in side) for side in (here, there))
        print(f"| {k} | {a:.2f} dB | {b:.2f} dB | {a - b:+.2f} |")


if __name__ == "__main__":
    main()
