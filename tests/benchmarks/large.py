"""Pictures of 24 megapixels, to their end: time, memory and quality of what is chosen for them.

    python -m tests.benchmarks.large DATA [--only NAME ...] [--megapixels 24] [--time 1h] [--into FOLDER] [--keep]

DATA holds the published experiments of the deep image prior. The picture is a mosaic of theirs, each as it is, mirrored
and upside down in turn, so that it has detail at every pixel, as an enlarged photograph has not. Columns as in
`tests.benchmarks.jobs`. The truth is used for scores only.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.jobs import CODE, Job, noisy, picture, placed, save, table
from tests.benchmarks.results import add_keep, keep

CELL = 500
PICTURES = ("denoise25/F16_clean.png", "denoise25/kodim03_clean.png", "denoise25/kodim12_clean.png", "holes/kate.png")


def mosaic(data: Path, height: int, width: int) -> np.ndarray:
    """The middles of the pictures side by side, turned over in turn."""
    cells = []
    for name in PICTURES:
        x = picture(data / name)
        top, left = ((n - CELL) // 2 for n in x.shape[:2])
        x = x[top : top + CELL, left : left + CELL]
        cells += [x, x[:, ::-1], x[::-1], x[::-1, ::-1]]
    endless = itertools.cycle(cells)
    columns = width // CELL
    # one more at the end of a row, so that columns are not all of one picture
    rows = [np.concatenate([next(endless) for _ in range(columns + 1)][:columns], 1) for _ in range(height // CELL)]
    return np.concatenate(rows)


def prepared(data: Path, folder: Path, megapixels: float, seconds: str) -> dict[str, Job]:
    """The files of the jobs, and their commands by name."""
    height = 2 * CELL * max(1, round((megapixels * 1e6 / 1.5) ** 0.5 / (2 * CELL)))
    whole = mosaic(data, height, height * 3 // 2 // CELL * CELL)
    save(folder, "whole.png", whole)
    save(folder, "noisy.png", noisy(whole, 25))
    with Image.fromarray(whole) as image:
        image.resize((whole.shape[1] // 2, whole.shape[0] // 2), Image.Resampling.LANCZOS).save(folder / "half.png")
    with Image.open(data / "holes" / "kate_mask.png") as mask:
        letters = np.asarray(mask.convert("L")) < 128
    letters = np.tile(letters, [-(-n // m) for n, m in zip(whole.shape, letters.shape, strict=False)])
    letters = letters[: whole.shape[0], : whole.shape[1]]
    save(folder, "letters.png", 255.0 * letters)
    save(folder, "written.png", np.where(letters[..., None], 0, whole))
    time = ("--time", seconds)
    return {
        "denoise": Job(("denoise", "noisy.png", "-o", "a.png", *time), "a.png", "whole.png"),
        "upscale": Job(("upscale", "half.png", "-o", "b.png", "--factor", "2", *time), "b.png", "whole.png"),
        "text": Job(("inpaint", "written.png", "--mask", "letters.png", "-o", "c.png", *time), "c.png", "whole.png"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--time", default="1h")
    parser.add_argument("--limit", type=float, default=7200.0)
    parser.add_argument("--into", type=Path)
    add_keep(parser, "large")
    given = parser.parse_args()
    with placed(given.into) as folder:
        jobs = prepared(given.folder.resolve(), folder, given.megapixels, given.time)
        asked = {k: v for k, v in jobs.items() if given.only is None or k in given.only}
        rows = table(asked, folder, Path(__file__).parents[2], given.limit)
    keep(given.keep, CODE, {}, rows)


if __name__ == "__main__":
    main()
