"""Memory, disk and time of a deep image prior in tiles that wait in memory or on disk.

    python -m tests.benchmarks.tile_memory [--size 2000 2500] [--tile 512] [--iterations 2]

A few iterations of ``fast`` on a synthetic picture, each row in a process of its own. The peak is that of the whole
process, libraries included; the disk is the size of the temporary file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import torch

from invprior import Problem, noise, solve, stop
from invprior.operators import Identity
from invprior.priors import DIP
from invprior.runs.allocator import tune_allocator
from invprior.solvers.loop import choose
from invprior.solvers.mosaic import OVERLAP
from invprior.solvers.waiting import InMemory, OnDisk, Waiting
from tests.benchmarks.memory import peak_bytes

SHELVES = {"memory": InMemory(), "disk": OnDisk()}


def measure(waits: str, size: tuple[int, int], tile: int, iterations: int) -> None:
    tune_allocator()
    rows, columns = (torch.arange(n, dtype=torch.float32) for n in size)
    y = (0.5 + 0.3 * torch.sin(rows[:, None] / 40) * torch.cos(columns / 57)).repeat(3, 1, 1)
    y += 0.1 * torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP())
    result = solve(
        problem,
        choose(problem).in_tiles(tile, min(OVERLAP, tile // 2), SHELVES[waits]).solver,
        stop=stop.MaxIterations(iterations),
    )
    tiles = result.state.solver_state.inner.inner
    disk = tiles[0].file.gigabytes if isinstance(tiles[0], Waiting) else 0.0
    peak = peak_bytes() / 2**30
    print(f"| {len(tiles)} | {waits} | {result.seconds / iterations:.1f} | {peak:.2f} | {disk:.2f} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(2000, 2500))
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--waits", choices=list(SHELVES), nargs="+", default=list(SHELVES))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.waits[0], tuple(given.size), given.tile, given.iterations)
        return
    print(f"torch {torch.__version__}, {given.size[0]}×{given.size[1]}, tiles of {given.tile}\n")
    print("| tiles | wait in | s an iteration | peak GB | disk GB |\n|---|---|---|---|---|", flush=True)
    common = ["--size", *given.size, "--tile", given.tile, "--iterations", given.iterations, "--one"]
    for waits in given.waits:
        command = [sys.executable, "-m", "tests.benchmarks.tile_memory", *common, "--waits", waits]
        subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    main()
