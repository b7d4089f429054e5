"""Colour TV denoising against scikit-image and deepinv: seconds to a relative suboptimality of 1e-4, in one run.

    python -m tests.benchmarks.tv NOISY.png [--weight 0.08]

All solve ½‖x − y‖² + λ TV(x), isotropic and channel by channel. The objective is taken in float64 and the optimum from
a long run in float64. Each contender's least number of iterations that reaches 1e-4 is found first; then runs of that
length are timed in turn, with their medians and the ratios to ours. Ours is also timed with its own stop rule, which
has to find out by itself, through the duality gap, that it is there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from invprior import Problem, noise, solve, stop
from invprior.io import read
from invprior.operators import Identity
from invprior.priors import TV
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.results import add_keep, keep

TARGET = 1e-4
ROUNDS = 7
OTHERS = {"skimage": "scikit-image denoise_tv_chambolle", "deepinv": "deepinv TVDenoiser"}
CODE = ("invprior/solvers/pdhg.py", "invprior/solvers/saddle.py", "invprior/functionals", "priors/tv.py")
OWN_STOP = "invprior PDHG, stopped by its own gap"
Solve = Callable[[int], Tensor]


def problem(y: Tensor, weight: float) -> Problem:
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(1.0), prior=weight * TV(coupled=False))


def contenders(y: Tensor, weight: float) -> dict[str, Solve]:
    """Each takes a number of iterations."""
    found: dict[str, Solve] = {}
    ours = problem(y, weight)
    found["invprior PDHG"] = lambda n: solve(ours, stop=stop.MaxIterations(n)).x

    from skimage.restoration import denoise_tv_chambolle

    image = y.permute(1, 2, 0).numpy()
    found["scikit-image denoise_tv_chambolle"] = lambda n: torch.from_numpy(
        denoise_tv_chambolle(image, weight=weight, eps=0.0, max_num_iter=n, channel_axis=-1)
    ).permute(2, 0, 1)
    try:
        from deepinv.models import TVDenoiser
    except ImportError:
        return found
    found["deepinv TVDenoiser"] = lambda n: TVDenoiser(n_it_max=n, crit=0.0)(y[None], ths=weight)[0]
    return found


def least_iterations(run: Solve, reached: Callable[[Tensor], bool]) -> int | None:
    """By doubling, then to within 10 %."""
    n = 10
    while not reached(run(n)):
        n *= 2
        if n > 10_000:
            return None
    low, high = n // 2, n
    while high - low > max(1, high // 10):
        middle = (low + high) // 2
        low, high = (low, middle) if reached(run(middle)) else (middle, high)
    return high


def timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def peak(picture: Path, weight: float, name: str, n: int) -> str:
    """Megabytes that a run takes beyond the libraries and the picture, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.tv", picture, "--weight", str(weight), "--peak", name, str(n)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def print_peak(y: Tensor, weight: float, name: str, n: int) -> None:
    run = contenders(y, weight)[name]
    before = peak_bytes()
    run(n)
    print(f"{(peak_bytes() - before) / 2**20:.0f}")


def main() -> None:
    """Print the table."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--weight", type=float, default=0.08)
    add_keep(parser, "tv")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    y = read(given.picture).x
    if given.peak:
        print_peak(y, given.weight, given.peak[0], int(given.peak[1]))
        return
    exact = problem(y.double(), given.weight)
    reference = solve(exact, stop=stop.RelativeGap(1e-8) | stop.MaxIterations(4000))
    optimum = float(exact.objective(reference.x))
    print(f"{given.picture.name}, {tuple(y.shape)}, λ = {given.weight}, torch {torch.__version__}, ", end="")
    gap = reference.history[-1]["gap"] / optimum
    print(f"{torch.get_num_threads()} threads; reference: {reference.status}, gap {gap:.0e}\n")

    def reached(x: Tensor) -> bool:
        return float(exact.objective(x.double())) <= (1 + TARGET) * optimum

    runs: dict[str, Callable[[], object]] = {}
    counts: dict[str, str] = {}
    for name, run in contenders(y, given.weight).items():
        n = least_iterations(run, reached)
        if n is None:
            print(f"{name} does not reach {TARGET:g} in 10,000 iterations")
            continue
        runs[name] = partial(run, n)
        counts[name] = str(n)
    mine = problem(y, given.weight)
    runs[OWN_STOP] = lambda: solve(mine)
    counts[OWN_STOP] = str(solve(mine).iterations)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, entry in runs.items():
            times[name].append(timed(entry))
    base = median(times["invprior PDHG"])
    print("| | iterations | median s | fastest s | time / ours | peak MB |\n|---|---|---|---|---|---|")
    rows = []
    for name, t in times.items():
        memory = "" if name == OWN_STOP else peak(given.picture, given.weight, name, int(counts[name]))
        rows.append(f"| {name} | {counts[name]} | {median(t):.2f} | {min(t):.2f} | {median(t) / base:.1f} | {memory} |")
        print(rows[-1])
    figures = {"ours": base}
    for key, name in OTHERS.items():
        if name in times:
            figures |= {key: median(times[name]), f"over_{key}": median(times[name]) / base}
    keep(given.keep, CODE, figures, rows)


if __name__ == "__main__":
    main()
