"""How much the seed matters: the PSNR that a preset keeps over many seeds.

    python -m tests.benchmarks.dip_seeds FOLDER [--pictures F16 butterfly barbara] [--seeds 20] [--preset fast]

FOLDER and the crops are those of ``tests.benchmarks.dip``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

import torch

from invprior import solve
from invprior.priors import DIP
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.dip import Picture, denoising, inpainting, upscaling


def kept(picture: Picture, preset: str, seed: int) -> float:
    return picture.score(solve(picture.problem(DIP(preset, picture.task)), seed=seed).x)


def main() -> None:
    """Print the table."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", nargs="+", default=["F16", "butterfly", "barbara"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--size", type=int, default=256)
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {given.preset}, {given.seeds} seeds\n")
    print("| picture | least dB | median | largest | spread |\n|---|---|---|---|---|", flush=True)
    for load in (denoising, upscaling, inpainting):
        for picture in load(given.folder, given.size):
            if picture.name in given.pictures:
                s = []
                for seed in range(given.seeds):
                    s.append(kept(picture, given.preset, seed))
                    print(f"{picture.name}, seed {seed}: {s[-1]:.2f} dB", file=sys.stderr)
                print(
                    f"| {picture.name}, {picture.task} | {min(s):.2f} | {median(s):.2f} | {max(s):.2f} "
                    f"| {max(s) - min(s):.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
