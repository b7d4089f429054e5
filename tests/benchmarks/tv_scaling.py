"""Colour TV denoising from 256² to 4096² pixels: time per iteration and memory, and what torch.compile adds.

    python -m tests.benchmarks.tv_scaling [--compile]

Each size runs in a process of its own, whose peak memory beyond the loaded libraries is shown over that of the
picture. One column is with ``invprior.tune_allocator()``, as on the command line, the other without. With
``--compile`` the two halves of a step are compiled instead, and their warm-up is timed: for one fixed step size, since
torch 2.15 fails to compile them for step sizes that change.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median

import torch

from invprior import Problem, noise, solvers
from invprior.operators import Identity
from invprior.priors import TV
from invprior.runs.allocator import tune_allocator
from invprior.solvers import bands
from tests.benchmarks.memory import peak_bytes

SIZES = (256, 512, 1024, 2048, 4096)


def problem(size: int) -> Problem:
    y = torch.rand(3, size, size, generator=torch.Generator().manual_seed(0))
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=10.0 * TV())


def measure(size: int, tuned: bool) -> None:
    """Print nanoseconds per value and iteration, and peak bytes per byte of the picture."""
    if tuned:
        tune_allocator()
    before = peak_bytes()
    p, solver, times = problem(size), solvers.PDHG(), []
    state = solver.init(p, None, torch.Generator())
    for _ in range(3 + max(5, 2**26 // size**2 // 16)):
        begin = time.perf_counter()
        state = solver.step(p, state)
        times.append(time.perf_counter() - begin)
    solver.gap(state)
    values = 3 * size**2
    peak = peak_bytes() - before
    print(f"{1e9 * median(times[3:]) / values:.2f} {peak / 4 / values:.1f}")


def in_a_process(size: int, *options: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.tv_scaling", "--size", str(size), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def compiled(size: int = 512) -> None:
    p, solver = problem(size), solvers.PDHG()
    state = solver.init(p, None, torch.Generator())

    def per_step() -> float:
        times = []
        for _ in range(30):
            begin = time.perf_counter()
            solver.step(p, state)
            times.append(time.perf_counter() - begin)
        return 1e3 * median(times)

    with torch.no_grad():
        eager = per_step()
        begin = time.perf_counter()
        bands.Part.primal = torch.compile(bands.Part.primal)  # type: ignore[method-assign]
        bands.Part.dual = torch.compile(bands.Part.dual)  # type: ignore[method-assign]
        solver.step(p, state)
        warm_up = time.perf_counter() - begin
        print(f"{size}×{size}×3: eager {eager:.2f} ms, compiled {per_step():.2f} ms a step, warm-up {warm_up:.1f} s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tuned", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.size:
        measure(given.size, given.tuned)
        return
    if given.compile:
        compiled()
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(
        "| pixels | ns per value and iteration | with the allocator tuned | peak memory / picture |\n|---|---|---|---|"
    )
    for size in SIZES:
        plain, tuned = in_a_process(size), in_a_process(size, "--tuned")
        print(f"| {size}² | {plain[0]} | {tuned[0]} | {tuned[1]} |", flush=True)


if __name__ == "__main__":
    main()
