"""Large holes with a truth in them: squares cut out of photographs.

    python -m tests.benchmarks.holes DATA [--side 32] [--size 256] [--priors tv nonlocal dip …] [--save FOLDER] [--keep]

DATA holds denoise25 of the published experiments of the deep image prior. The middle of each clean picture loses
squares of ``side`` pixels, as far apart as they are wide. PSNR is that of the pixels in the squares; the truth is used
for it only. It favours what is smooth: look at the pictures too (``--save``).
"""

from __future__ import annotations

import argparse
import math
import re
import time
from pathlib import Path

import torch
from torch import Tensor

import invprior as ip
from invprior import noise, operators
from invprior.data_term import DataTerm
from invprior.io import Picture, read, write
from invprior.problem import Problem
from invprior.runs.environment import settle
from tests.benchmarks.blend import middle, weighted
from tests.benchmarks.dip import EIGHT_BIT
from tests.benchmarks.results import add_keep, keep

CODE = ("priors", "invprior/solvers", "operators/mask.py")
PICTURES = ("F16", "kodim03", "kodim12")
PRIORS = ["tv", "nonlocal", "dip:task=inpaint", "dip"]


def squares(height: int, width: int, side: int) -> Tensor:
    """The known pixels (H, W), boolean: all but squares in rows and columns."""
    known = torch.ones(height, width, dtype=torch.bool)
    for top in range(side // 2, height - side, 2 * side):
        for left in range(side // 2, width - side, 2 * side):
            known[top : top + side, left : left + side] = False
    return known


def main() -> None:
    settle()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--priors", nargs="+", default=PRIORS)
    parser.add_argument("--save", type=Path)
    add_keep(parser, "holes")
    given = parser.parse_args()
    rows = []
    print(f"| prior | {' | '.join(PICTURES)} | s |\n|---{'|---' * (len(PICTURES) + 1)}|", flush=True)
    for prior in given.priors:
        cells, begin = [], time.perf_counter()
        for name in PICTURES:
            clean = middle(read(given.folder / f"denoise25/{name}_clean.png").x, given.size)
            A = operators.Mask(clean.shape, squares(clean.shape[-2], clean.shape[-1], given.side))
            data = (DataTerm(A, A(clean), noise.Gaussian(EIGHT_BIT)),)
            x = ip.solve(Problem.from_terms(data, weighted(prior, data))).x.clamp(0, 1)
            error = float((x - clean)[:, ~A.known].square().mean())
            cells.append(f"{-10 * math.log10(error):.2f}")
            if given.save is not None:
                given.save.mkdir(parents=True, exist_ok=True)
                readable = re.sub(r"[^a-z0-9=]+", "-", prior)
                write(given.save / f"{name}-{readable}.png", Picture(x, None, "uchar", 0.0, 255.0, None))
        rows.append(f"| {prior} | {' | '.join(cells)} | {(time.perf_counter() - begin) / len(PICTURES):.0f} |")
        print(rows[-1], flush=True)
    keep(given.keep, CODE, {}, rows)


if __name__ == "__main__":
    main()
