"""Ten operators that are a few lines each, by back-projection, total variation and the deep image prior.

    python -m tests.benchmarks.ten_operators [--only NAME …] [--side 48] [--save DIR]

The operators, pictures and priors are those of ``tests/ten_cases.py``. "Start" is :meth:`Problem.back_projection`, for
an operator that is not linear what it starts from. The weight of TV is the automatic one, and DIP stops by itself.
``--save`` writes the truth, the start, TV and DIP side by side, of volumes one slice.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from invprior import solve, tune_allocator, weight
from tests.ten_cases import CASES, Case


def row(case: Case, save: Path | None) -> str:
    """A line of the table."""
    begin = time.perf_counter()
    c = weight.auto(case.problem(case.tv)).weight
    tv = solve(case.problem(c * case.tv))
    between = time.perf_counter()
    dip = solve(case.problem(case.dip))
    seconds = between - begin, time.perf_counter() - between
    shown = [case.truth, case.problem(case.tv).back_projection(), tv.x, dip.x]
    if save:
        sheet([_picture(x, case.shown) for x in shown], save / f"{case.name.split(',')[0].replace(' ', '-')}.png")
    scores = " | ".join(f"{case.score(x):.1f}" for x in shown[1:])
    times = " | ".join(f"{s:.0f} s" for s in seconds)
    return f"| {case.name} | {scores} | {times} | {dip.iterations} iterations, {dip.status.name} |"


def _picture(x: Tensor, channels: tuple[int, ...]) -> Tensor:
    """Gray or colour: the modulus of complex pictures, a missing slice of volumes, three bands of a spectrum."""
    x = x.abs() if x.is_complex() else x
    return (x[list(channels)] if channels else x).clamp(0, 1).expand(3, *x.shape[-2:])


def sheet(pictures: list[Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = (torch.cat(pictures, -1).permute(1, 2, 0) * 255).round().byte().numpy()
    Image.fromarray(values).resize((4 * values.shape[1], 4 * values.shape[0]), Image.Resampling.NEAREST).save(path)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[make.__name__ for make in CASES])
    parser.add_argument("--side", type=int, default=48)
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    tune_allocator()
    print("| operator | start | TV | DIP | time of TV | of DIP | DIP stopped |\n|---|---|---|---|---|---|---|")
    for make in CASES:
        if not given.only or make.__name__ in given.only:
            print(row(make(given.side), given.save), flush=True)


if __name__ == "__main__":
    main()
