# ruff: noqa: N999
"""Patches that recur beside other software and other priors.

    python -m tests.benchmarks.nonlocal FOLDER [--part noise threads deepinv time tasks likelihoods] [--crop 192]
        [--pictures F16 …] [--sigmas 25 …] [--kinds colour gray] [--save DIR]

FOLDER holds denoise25, sr and inpaint50 of the published experiments of the deep image prior. The parts:

noise        white noise beside PyPI's bm3d: PSNR, seconds and memory, each in a fresh process. σ = 25/255 is that of
             the noisy files; for 10 and 50 noise of a fixed seed is added to the clean ones. Gray is the green channel.
threads      one thread and two
deepinv      deepinv's BM3D on a central crop
time         where the time goes, and the least that the products of matrices alone would take
tasks        deblurring, ×4 and missing pixels beside TV with the automatic weight, on central crops; --crop 0: whole
likelihoods  photon noise, a map of σ and twelve bits on a pedestal, by their models and as white noise

bm3d is no dependency: ``pip install bm3d`` (its licence allows no commercial use). The truth is for scores alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from invprior import InvpriorError
from tests.benchmarks.non_local import contest, inverse, noises, parts

PICTURES = [*contest.NOISY, *inverse.SMALL, *inverse.HALVES]
PARTS = {
    "noise": contest.beside_bm3d,
    "threads": contest.by_threads,
    "deepinv": contest.beside_deepinv,
    "time": parts.where_time_goes,
    "tasks": inverse.beside_tv,
    "likelihoods": noises.by_models,
}


def main() -> None:
    """Print the tables of the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--pictures", nargs="+", choices=PICTURES, default=PICTURES)
    parser.add_argument("--sigmas", nargs="+", type=int, default=[25, 10, 50])
    parser.add_argument("--kinds", nargs="+", choices=["colour", "gray"], default=["colour", "gray"])
    parser.add_argument("--crop", type=int, default=192)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    given = parser.parse_args()
    try:
        if given.alone:
            print(json.dumps(contest.Run(**json.loads(given.alone)).here(given.folder, given.save)))
            return
        kinds, sigmas = tuple(given.kinds), tuple(given.sigmas)
        asked = contest.Asked(given.folder, tuple(given.pictures), kinds, sigmas, given.crop, given.save)
        for part in given.part:
            PARTS[part](asked)
            print(flush=True)
    except InvpriorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
