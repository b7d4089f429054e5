"""How often the true error lies within what the error map expects, and the spread of seeds beside it.

    python -m tests.benchmarks.error_map [--priors tv nonlocal dip "blend(nonlocal,tv)"] [--pictures astronaut …]
        [--crop N] [--off 1 0.8 1.2] [--tasks noise half x2 blur photons "8 bits"] [--seeds N]

Crops of pictures that scikit-image carries, twelve combinations of task and noise. A line is a prior, a combination,
and the factor on σ that the method is told: the shares of pixels in percent with |x̂ − x| within the map's interval at
seven levels, pooled over pictures; then, of each picture, the expected root mean square over the true one. The last
line of a prior is for whole pictures: the share of those whose root mean square error is below what the map says.
``--seeds`` adds the same for the standard deviation of so many solves with other seeds, at 50 and 90 %. The truth is
used for these scores only; the weight is chosen by its own rule, with the σ that it is told.
"""

from __future__ import annotations

import argparse
import time
from statistics import NormalDist

import torch
from torch import Tensor

import invprior as ip
from invprior import noise, operators
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.uncertainty import error_map
from tests.benchmarks.blend import weighted
from tests.helpers import photograph

LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
CASES = (
    ("noise", 0.05),
    ("noise", 0.1),
    ("noise", 0.2),
    ("half", 0.02),
    ("half", 0.1),
    ("x2", 0.02),
    ("x2", 0.05),
    ("blur", 0.01),
    ("blur", 0.03),
    ("photons", 0.005),
    ("photons", 0.02),
    ("8 bits", 0.1),
)
# File, and the top left corner of the crop.
PICTURES = {
    "astronaut": ("astronaut.png", 0, 170),
    "chelsea": ("chelsea.png", 60, 130),
    "coffee": ("coffee.png", 150, 250),
    "camera": ("camera.png", 60, 180),
    "coins": ("coins.png", 100, 100),
    "moon": ("moon.png", 200, 200),
    "brick": ("brick.png", 100, 100),
}
# Those that the method was looked at with while it was made; the others came after.
SEEN = ("astronaut", "chelsea", "coffee")


def operator(task: str, shape: tuple[int, ...]) -> LinearOperator:
    """A of a task, for pictures of this shape."""
    match task:
        case "noise" | "photons" | "8 bits":
            return operators.Identity(shape)
        case "half":
            return operators.Mask.random(shape, 0.5, torch.Generator().manual_seed(5))
        case "x2":
            return operators.Lanczos(shape, 2)
        case _:
            return operators.Blur(shape, torch.ones(5, 5) / 25)


def problem(task: str, sigma: float, off: float, prior: str, clean: Tensor) -> Problem:
    """The problem with noise of ``sigma``, where the method is told ``off`` times that; of photons it is their gain."""
    A = operator(task, tuple(clean.shape))
    model = noise.Poisson if task == "photons" else noise.Gaussian
    y = model(sigma).sample(A(clean), torch.Generator().manual_seed(1))
    if task == "8 bits":  # as a file holds it
        y = y.clamp(0, 1).mul(255).round() / 255
    data = (ip.DataTerm(A, y, model(off * sigma)),)
    return Problem.from_terms(data, weighted(prior, data))


def share(ratios: list[Tensor], factors: list[float]) -> float:
    """The share of pixels, of all pictures, whose error is within the factor of their picture, in percent."""
    return 100 * float(torch.cat([r <= f for r, f in zip(ratios, factors, strict=True)]).double().mean())


def line(
    prior: str, case: tuple[str, float], off: float, clean: dict[str, Tensor], seeds: int
) -> tuple[str, list[list[bool]]]:
    """One line of the table; then, of each picture, whether its error is within what is said of it, for each level."""
    begin, maps, ratios, sizes, naive, whole = time.perf_counter(), [], [], [], [], []
    for x in clean.values():
        asked = problem(*case, off, prior, x)
        result = ip.solve(asked)
        maps.append(error_map(asked, result))
        expected, error = maps[-1].standard, (result.x - x).abs()
        ratios.append((error / expected).flatten())
        size = float(error.double().square().mean().sqrt())
        sizes.append(float(expected.double().square().mean().sqrt()) / size)
        whole.append([size <= maps[-1].of_picture(level) for level in LEVELS])
        if seeds:
            spread = torch.stack([ip.solve(asked, seed=1 + k).x for k in range(seeds)]).std(0)
            naive.append((error / spread.clamp(min=1e-9)).flatten())
    cells = [prior, f"{case[0]} {case[1]:g}", f"{off:g}"]
    cells += [f"{share(ratios, [m.factor(level) for m in maps]):.0f}" for level in LEVELS]
    cells += [" ".join(f"{s:.2f}" for s in sizes)]
    gauss = [NormalDist().inv_cdf((1 + level) / 2) for level in (0.5, 0.9)]
    cells += [" ".join(f"{share(naive, [z] * len(naive)):.0f}" for z in gauss) if seeds else "–"]
    return "| " + " | ".join([*cells, f"{time.perf_counter() - begin:.0f}"]) + " |", whole


def summary(prior: str, off: float, whole: list[list[bool]]) -> str:
    """The share of pictures, of all tasks, whose root mean square error is within what is said of it, in percent."""
    shares = [f"{100 * sum(column) / len(whole):.0f}" for column in zip(*whole, strict=True)]
    return "| " + " | ".join([prior, f"{len(whole)} whole pictures", f"{off:g}", *shares, "–", "–", "–"]) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--priors", nargs="+", default=["tv", "nonlocal", "dip", "blend(nonlocal,tv)"])
    parser.add_argument("--pictures", nargs="+", choices=PICTURES, default=list(SEEN))
    parser.add_argument("--tasks", nargs="+", choices=sorted({task for task, _ in CASES}))
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--off", nargs="+", type=float, default=[1.0, 0.8, 1.2])
    parser.add_argument("--seeds", type=int, default=0)
    given = parser.parse_args()
    places = {name: PICTURES[name] for name in given.pictures}
    clean = {name: photograph(f, given.crop, top, left).float() for name, (f, top, left) in places.items()}
    head = ["prior", "task, σ", "σ told", *(f"{level:.0%}" for level in LEVELS), "expected / true", "seeds", "s"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    for prior in given.priors:
        for off in given.off:
            whole: list[list[bool]] = []
            for case in CASES:
                if given.tasks is None or case[0] in given.tasks:
                    text, pictures = line(prior, case, off, clean, given.seeds)
                    whole += pictures
                    print(text, flush=True)
            print(summary(prior, off, whole), flush=True)


if __name__ == "__main__":
    main()
