"""The deep image prior whole and in tiles: quality, seams, time, memory.

    python -m tests.benchmarks.tiles NOISY CLEAN --sigma 0.098 --tiles 128 256

Each row is ``invprior denoise`` in a process of its own. The seam column is the mean squared step of the error across
the overlaps, over that inside the tiles; for the whole picture the same lines are looked at, so that what the picture
holds there cancels in the comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from invprior import noise, operators, priors
from invprior.io import read
from invprior.problem import Problem
from invprior.solvers.mosaic import OVERLAP, Mosaic


def seams(error: Tensor, tile: int) -> float:
    """Steps of the error in the overlaps of tiles over those elsewhere, rows and columns together."""
    problem = Problem(operators.Identity(error.shape), error, noise=noise.Gaussian(1.0), prior=priors.NoPrior())
    tiles = Mosaic.cut(problem, tile, min(OVERLAP, tile // 2)).tiles
    shared = torch.zeros(error.shape[-2:])
    for t in tiles:  # where a share is neither nothing nor all
        t.window.of(shared).add_(((t.share > 1e-6) & (t.share < 1 - 1e-6)).float())
    across, inside = 0.0, 0.0
    for axis in (-2, -1):
        steps = error.diff(dim=axis).square().mean(0)
        where = shared.narrow(axis, 1, shared.shape[axis] - 1) > 0
        across, inside = across + float(steps[where].mean()), inside + float(steps[~where].mean())
    return across / inside


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("noisy", type=Path)
    parser.add_argument("clean", type=Path)
    parser.add_argument("--sigma", default="auto")
    parser.add_argument("--prior", default="dip")
    parser.add_argument("--tiles", type=int, nargs="+", default=[256])
    given = parser.parse_args()
    truth = read(given.clean).x
    print("| tile | PSNR dB | seams | seams, whole picture | s | peak GB |\n|---|---|---|---|---|---|")
    whole: Tensor | None = None
    with tempfile.TemporaryDirectory() as folder:
        out, record = Path(folder) / "out.png", Path(folder) / "run.json"
        call = "from invprior.cli.main import run; run()"
        common = ["denoise", given.noisy, "--sigma", given.sigma, "--prior", given.prior, "--truth", given.clean]
        for tile in (None, *given.tiles):
            options = [*common, "-o", out, "--record", record, *([] if tile is None else ["--tile", tile])]
            process = subprocess.Popen([sys.executable, "-c", call, *map(str, options)], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(status)
            run, error = json.loads(record.read_text()), read(out).x - truth
            whole = error if whole is None else whole
            energies = "| |" if tile is None else f"{seams(error, tile):.2f} | {seams(whole, tile):.2f} |"
            peak = usage.ru_maxrss / 2**20
            print(
                f"| {tile or 'whole'} | {run['psnr']:.2f} | {energies} {run['seconds']:.0f} | {peak:.2f} |", flush=True
            )


if __name__ == "__main__":
    main()
