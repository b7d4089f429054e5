"""Memory of penalties on the pixels: what a whole command takes, per megapixel of the restored picture.

    python -m tests.benchmarks.penalty_memory [--size 1536] [--iterations 12]

Every task with every prior on a colour picture, each in a process of its own, its weight chosen on the way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from invprior.runs.memory import LIBRARIES
from tests.helpers import photograph

PRIORS = ("none", "tikhonov", "tv", "wavelet", "tgv")


def commands(folder: Path, size: int) -> dict[str, list[str]]:
    """A picture for every task, and the command's arguments."""
    cat = photograph(size=256, top=20, left=80).numpy().transpose(1, 2, 0)
    big = np.rint(np.tile(cat, (size // 256 + 1, size // 256 + 1, 1))[:size, :size] * 255).astype(np.uint8)
    hole = (np.random.default_rng(0).random((size, size)) < 0.3) * np.uint8(255)
    psf = np.zeros((9, 9), np.uint8)
    psf[2:7, 2:7] = 200
    for name, x in {"big": big, "small": big[: size // 4, : size // 4], "mask": hole, "psf": psf}.items():
        Image.fromarray(x).save(folder / f"{name}.png")
    return {
        "denoise": ["big.png", "--sigma", "0.1"],
        "inpaint": ["big.png", "--mask", "mask.png"],
        "upscale": ["small.png"],
        "deblur": ["big.png", "--psf", "psf.png", "--sigma", "0.02"],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1536)
    parser.add_argument("--iterations", type=int, default=12)
    given = parser.parse_args()
    call = "from invprior.cli.main import run; run()"
    with tempfile.TemporaryDirectory() as folder:
        tasks = commands(Path(folder), given.size)
        print(f"GB per megapixel beyond {LIBRARIES}\n\n| prior | {' | '.join(tasks)} |\n|---{'|---' * len(tasks)}|")
        for prior in PRIORS:
            row = []
            for task, options in tasks.items():
                more = ["--prior", prior, "--iterations", str(given.iterations)]
                more += ["-o", "out.png", "--overwrite", "--quiet"]
                process = subprocess.Popen([sys.executable, "-c", call, task, *options, *more], cwd=folder)
                _, status, usage = os.wait4(process.pid, 0)
                if status:
                    raise SystemExit(status)
                row.append((usage.ru_maxrss / 2**20 - LIBRARIES) / (given.size**2 / 1e6))
            print(f"| {prior} | {' | '.join(f'{x:.2f}' for x in row)} |", flush=True)


if __name__ == "__main__":
    main()
