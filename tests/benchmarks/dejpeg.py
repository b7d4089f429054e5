"""JPEG files restored within their intervals, beside their decoder.

    python -m tests.benchmarks.dejpeg DATA [--qualities 10 20 40] [--priors tv nonlocal dip] [--crop 128] [--gray]

DATA holds denoise25 and inpaint50 of the published experiments of the deep image prior; four pictures of scikit-image
come with it. ``--gray`` takes barbara and boat whole and gray instead, two of the five that papers on deblocking print.
The columns: PSNR of RGB of what libjpeg decodes, then the gain of each prior over it, in dB; seconds of the processor.
The truth is used for scores only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage import data
from torch import Tensor

from invprior.io import read
from invprior.metrics import psnr
from invprior.purpose import Purpose
from invprior.runs.dejpeg import Dejpeg
from invprior.runs.restoration import Restoration
from invprior.specs import parse_prior
from tests.benchmarks.results import add_keep, keep

CODE = ("operators/jpeg.py", "invprior/noise/quantisation.py", "invprior/weight", "priors/patches")
PUBLISHED, OTHERS = ("F16", "kodim03", "kodim12"), ("chelsea", "astronaut", "coffee", "brick")


def pictures(folder: Path, crop: int) -> dict[str, Image.Image]:
    """The middle of every picture."""
    found = {name: Image.open(folder / "denoise25" / f"{name}_clean.png").convert("RGB") for name in PUBLISHED}
    found |= {name: Image.fromarray(getattr(data, name)()).convert("RGB") for name in OTHERS}
    corners = {name: ((im.width - crop) // 2, (im.height - crop) // 2) for name, im in found.items()}
    return {n: im.crop((*corners[n], corners[n][0] + crop, corners[n][1] + crop)) for n, im in found.items()}


def gray(folder: Path) -> dict[str, Image.Image]:
    """Two of the five gray pictures of 512×512 that the literature calls Classic5."""
    return {name: Image.open(folder / "inpaint50" / f"{name}_clean.png").convert("L") for name in ("barbara", "boat")}


def restored(path: Path, prior: str) -> tuple[Tensor, float]:
    """The picture and the seconds of the processor, as the command line restores it."""
    begin = time.process_time()
    task = Dejpeg().of_file(path)
    measured = task.measured(read(path).x, 1e-3, "auto")
    made = parse_prior(prior).made(Purpose(task.preset_task))
    pixels = not made.fits_network
    settings = Restoration(iterations=task.most if pixels and not made.calibrated else None)
    result = settings.run(measured, made)
    return task.finish(result.x).clamp(0, 1), time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--qualities", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--priors", nargs="+", default=["tv", "nonlocal"])
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--gray", action="store_true")
    add_keep(parser, "dejpeg")
    given = parser.parse_args()
    torch.set_num_threads(1)
    head = ["picture", "quality", "decoder", *(f"{p}, dB" for p in given.priors), *(f"{p}, s" for p in given.priors)]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, image in (gray(given.folder) if given.gray else pictures(given.folder, given.crop)).items():
            truth = torch.from_numpy(np.atleast_3d(np.asarray(image)).copy()).permute(2, 0, 1) / 255
            for quality in given.qualities:
                path = Path(folder) / "picture.jpg"
                image.save(path, quality=quality)
                decoder = psnr(read(path).x, truth)
                done = [restored(path, prior) for prior in given.priors]
                gains = [f"{psnr(x, truth) - decoder:+.2f}" for x, _ in done]
                row = [name, str(quality), f"{decoder:.2f}", *gains, *(f"{s:.1f}" for _, s in done)]
                rows.append(row)
                print("| " + " | ".join(row) + " |", flush=True)
    keep(given.keep, CODE, {}, ["| " + " | ".join(row) + " |" for row in rows])


if __name__ == "__main__":
    main()
