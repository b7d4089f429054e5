"""Raw files developed, beside the pipelines that colour first and take the noise off afterwards.

    python -m tests.benchmarks.raw DATA [--gains 5e-4 2e-3] [--priors tv:chroma=3 nonlocal] [--crop 192] [--keep]

DATA holds denoise25 of the published experiments of the deep image prior. Its clean pictures become 14-bit DNGs behind
RGGB filters, with the noise of a sensor: a count of photons is worth GAIN of white, and so is the read noise. Columns:
PSNR of the sRGB picture without 8 pixels of rim, which LibRaw leaves dark, for LibRaw's AHD and DHT, for the better of
them denoised by TV and by nonlocal at the noise level that is best for the truth, which flatters them, and for
``invprior develop`` with each prior, which sees the profile in the file; seconds of the processor.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from invprior import Problem, noise, operators, priors, solve
from invprior.prior import Prior
from invprior.purpose import Purpose
from invprior.runs.develop import Develop
from invprior.runs.restoration import Restoration
from invprior.specs import parse_prior
from tests.benchmarks.results import add_keep, keep
from tests.dng import libraw, linear, mosaic, noisy, to_camera, write_dng

CODE = ("operators/bayer.py", "invprior/runs/develop.py", "invprior/io/raw.py", "priors/tv.py", "priors/patches")
PICTURES = ("F16", "kodim03", "kodim12")
LEVELS = (0.02, 0.03, 0.045, 0.07, 0.1)
RIM = 8


def score(found: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(found - truth)[RIM:-RIM, RIM:-RIM].mean()))


def denoised(x: np.ndarray, prior: Prior, truth: np.ndarray) -> float:
    """The best PSNR over the noise levels that a denoiser is told."""
    y = torch.from_numpy(x).float().permute(2, 0, 1).contiguous()
    found = []
    for level in LEVELS:
        problem = Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(level), prior=prior)
        found.append(score(solve(problem).x.clamp(0, 1).permute(1, 2, 0).numpy(), truth))
    return max(found)


def developed(path: Path, prior: str) -> tuple[np.ndarray, float]:
    """The picture and the seconds of the processor, as the command line develops it."""
    begin = time.process_time()
    task = Develop().of_file(path)
    picture = task.read(path)
    measured = task.measured(picture.x, picture.rounding, "auto")
    made = parse_prior(prior).made(Purpose(task.preset_task))
    penalty = not made.fits_network and not made.calibrated
    settings = Restoration(iterations=task.most if penalty else None)
    result = settings.run(measured, made, x0=None if made.fits_network else task.start(measured))
    return task.finish(result.x.clamp(0, 1)).permute(1, 2, 0).numpy(), time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gains", type=float, nargs="+", default=[5e-4, 2e-3])
    parser.add_argument("--priors", nargs="+", default=["tv:chroma=3", "nonlocal"])
    parser.add_argument("--crop", type=int, default=192)
    add_keep(parser, "raw")
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = [f"develop, {p}" for p in given.priors]
    head = ["picture", "gain", "AHD", "DHT", "then TV", "then nonlocal", *names, *(f"{p}, s" for p in given.priors)]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in PICTURES:
            image = np.asarray(Image.open(given.folder / "denoise25" / f"{name}_clean.png").convert("RGB")) / 255
            top, left = ((n - given.crop) // 2 for n in image.shape[:2])
            truth = image[top : top + given.crop, left : left + given.crop]
            for gain in given.gains:
                path = Path(folder) / "picture.dng"
                y = noisy(mosaic(to_camera(linear(truth)), "RGGB"), gain=gain, read=gain)
                write_dng(path, y, profile=(gain, gain**2))
                plain = [libraw(path, algorithm) for algorithm in ("AHD", "DHT")]
                better = plain[int(np.argmax([score(x, truth) for x in plain]))]
                after = [denoised(better, prior, truth) for prior in (10.0 * priors.TV(), priors.NonLocal())]
                done = [developed(path, prior) for prior in given.priors]
                scores = [*(score(x, truth) for x in plain), *after, *(score(x, truth) for x, _ in done)]
                row = [name, f"{gain:g}", *(f"{s:.2f}" for s in scores), *(f"{s:.0f}" for _, s in done)]
                rows.append("| " + " | ".join(row) + " |")
                print(rows[-1], flush=True)
    keep(given.keep, CODE, {}, rows)


if __name__ == "__main__":
    main()
