"""×4 super-resolution with TV and TGV beside the published TV: PSNR of Y, the weight chosen without the truth.

    python -m tests.benchmarks.upscale_tv FOLDER

FOLDER holds the clean butterfly.png, zebra.png and comic.png. They are decimated by ``operators.Lanczos``, rounded to
8 bits, and restored with the noise level of that rounding. The published column is that of Ulyanov, Vedaldi &
Lempitsky 2018.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from invprior import Problem, noise, solve, weight
from invprior.io import read
from invprior.metrics import psnr_luma
from invprior.operators import Lanczos
from invprior.prior import Prior
from invprior.priors import TGV, TV, Box
from tests.benchmarks.dip import EIGHT_BIT
from tests.benchmarks.results import add_keep, keep

CODE = ("operators/lanczos.py", "invprior/solvers/pdhg.py", "invprior/weight", "priors/tv.py", "priors/tgv.py")
PUBLISHED = {"butterfly": 24.38, "zebra": 24.52, "comic": 21.95}
PRIORS: dict[str, Prior] = {"TV": TV(), "TV + box": TV() + Box(), "TV per channel": TV(coupled=False), "TGV": TGV()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    add_keep(parser, "upscale_tv")
    given = parser.parse_args()
    folder: Path = given.folder
    rows, figures = [], {}
    print(f"| picture | published TV | {' | '.join(PRIORS)} |\n|---|---|{'---|' * len(PRIORS)}")
    for name, published in PUBLISHED.items():
        clean = read(folder / f"{name}.png").x
        clean = clean[:, : clean.shape[1] // 4 * 4, : clean.shape[2] // 4 * 4]
        A = Lanczos(clean.shape, factor=4)
        y = (A(clean).clamp(0, 1) * 255).round() / 255
        model = noise.Gaussian(EIGHT_BIT)
        cells = []
        for prior in PRIORS.values():
            begin = time.perf_counter()
            c = weight.auto(Problem(A, y, noise=model, prior=prior)).weight
            x = solve(Problem(A, y, noise=model, prior=c * prior)).x.clamp(0, 1)
            cells.append(f"{psnr_luma(x, clean):.2f} dB, {time.perf_counter() - begin:.1f} s")
        rows.append(f"| {name} | {published:.2f} dB | {' | '.join(cells)} |")
        figures[name] = float(cells[0].split(" dB")[0])
        print(rows[-1], flush=True)
    keep(given.keep, CODE, figures, rows)


if __name__ == "__main__":
    main()
