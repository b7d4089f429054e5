"""Memory of the deep image prior: what a fit takes beyond the loaded libraries, per megapixel.

    python -m tests.benchmarks.dip_memory [--size 512]

Three iterations of every preset on a colour picture, each in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import torch

from invprior import Problem, noise, solve, stop
from invprior.operators import Identity
from invprior.priors import DIP, presets
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.memory import peak_bytes


def measure(preset: str, task: str, size: int) -> None:
    tune_allocator()
    y = torch.rand(3, size, size, generator=torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP(preset, task))
    before = peak_bytes()
    solve(problem, stop=stop.MaxIterations(3))
    print(f"{(peak_bytes() - before) / 2**30 / (size**2 / 1e6):.2f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one[0], given.one[1], given.size)
        return
    print(
        f"torch {torch.__version__}, {given.size}×{given.size}\n\n| preset | task | GB per megapixel |\n|---|---|---|"
    )
    for preset in presets.names():
        for task in presets.tasks(preset):
            command = [sys.executable, "-m", "tests.benchmarks.dip_memory", "--size", str(given.size)]
            done = subprocess.run([*command, "--one", preset, task], capture_output=True, text=True, check=True)
            print(f"| {preset} | {task} | {done.stdout.strip()} |", flush=True)


if __name__ == "__main__":
    main()
