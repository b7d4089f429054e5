"""A blend beside its members, and the weights that it chose beside the best ones for the truth.

    python -m tests.benchmarks.blend DATA [--tasks noise missing x4 blur photons] [--pictures F16 …] [--crop N]
        [--members dip nonlocal tv] [--save DIR]

DATA holds denoise25, sr and inpaint50 of the published experiments of the deep image prior. The columns: PSNR of every
member (that of x4 without a border of four pixels), that of the blend, its weights; then the PSNR and the weights of
the combination that is best for the truth, which only this table sees. Members without a network are solved on all
data, as they would be alone; a network is fitted to the first part. Seconds are wall time, all members side by side.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

import invprior as ip
from invprior import noise, operators
from invprior.data_term import DataTerm
from invprior.io import read
from invprior.metrics import psnr
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.purpose import Purpose
from invprior.runs.restoration import Measured
from invprior.runs.tasks import suiting
from invprior.runs.weighing import weigh
from invprior.solvers.simplex import least_combination
from invprior.specs import parse_prior

FOLDERS = {"noise": "denoise25", "missing": "inpaint50", "x4": "sr", "blur": "denoise25", "photons": "denoise25"}
PICTURES = {
    "noise": ("F16", "kodim03", "kodim12"),
    "missing": ("barbara", "boat"),
    "x4": ("butterfly", "zebra", "comic"),
    "blur": ("F16", "kodim03"),
    "photons": ("F16", "kodim03"),
}
SIGMA, BLUR_SIGMA, GAIN = 25 / 255, 2**0.5 / 255, 0.02
BORDER = 4


def middle(x: Tensor, crop: int) -> Tensor:
    """The middle ``crop`` × ``crop`` pixels; the whole for 0."""
    H, W = x.shape[-2:]
    h, w = (min(crop, H), min(crop, W)) if crop else (H - H % 4, W - W % 4)
    top, left = (H - h) // 2, (W - w) // 2
    return x[..., top : top + h, left : left + w].contiguous()


def measured(folder: Path, task: str, name: str, crop: int) -> tuple[Measured, Tensor]:
    """The measurement and the truth."""
    base = folder / FOLDERS[task]
    clean = middle(read(base / f"{name}{'' if task == 'x4' else '_clean'}.png").x, crop)
    rng = torch.Generator().manual_seed(0)
    rounding = noise.Gaussian(1 / (255 * 12**0.5))
    A: Operator = operators.Identity(clean.shape)
    if task == "noise":
        y = middle(read(base / f"{name}_noisy.png").x, crop)
        model: noise.Noise = noise.Gaussian(SIGMA)
    elif task == "photons":
        model = noise.Poisson(GAIN)
        y = model.sample(clean, rng)
    elif task == "blur":
        A, model = operators.Blur(clean.shape, torch.ones(9, 9) / 81), noise.Gaussian(BLUR_SIGMA)
        y = model.sample(A(clean), rng)
    else:
        half = operators.Mask.random(clean.shape, 0.5, rng)
        A, model = operators.Lanczos(clean.shape, 4) if task == "x4" else half, rounding
        y = A(clean.clamp(0, 1)).mul(255).round() / 255
    return Measured((DataTerm(A, y, model),), "given", exact=model is rounding), clean


def weighted(text: str, data: tuple[DataTerm, ...]) -> Prior:
    """The prior of a spec with its automatic weight, as the command line makes it of these data."""
    return weigh(parse_prior(text).made(Purpose(suiting(data[0].operator))), data, "auto", 0).prior


def score(x: Tensor, clean: Tensor, task: str) -> float:
    """PSNR in dB of the picture clipped to [0, 1]."""
    edge = BORDER if task == "x4" else 0
    H, W = clean.shape[-2:]
    part = (slice(None), slice(edge, H - edge), slice(edge, W - edge))
    return psnr(x.clamp(0, 1)[part], clean[part])


def line(folder: Path, task: str, name: str, crop: int, members: list[str], save: Path | None) -> str:
    """One line of the table."""
    given, clean = measured(folder, task, name, crop)
    begin = time.perf_counter()
    prior = weighted(f"blend({','.join(members)})", given.data)
    result = ip.solve(Problem.from_terms(given.data, prior, given.values))
    seconds = time.perf_counter() - begin
    images = [given.put_back(m.x) for m in result.state.solver_state.members]
    errors = torch.stack([(x - clean).flatten().double() for x in images])
    best = least_combination((errors @ errors.T).numpy())
    ideal = torch.stack([float(w) * x for w, x in zip(best, images, strict=True)]).sum(0)
    blend = given.put_back(result.x)
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
        torch.save({"members": images, "blend": blend, "clean": clean}, save / f"{task}-{name}-{crop}.pt")
    weights = result.state.solver_state.weights
    cells = [task, name, *(f"{score(x, clean, task):.2f}" for x in images), f"**{score(blend, clean, task):.2f}**"]
    cells += [" ".join(f"{w:.2f}" for w in weights), f"{score(ideal, clean, task):.2f}"]
    return "| " + " | ".join([*cells, " ".join(f"{w:.2f}" for w in best), f"{seconds:.0f}"]) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", nargs="+", choices=FOLDERS, default=list(FOLDERS))
    parser.add_argument("--pictures", nargs="+")
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--members", nargs="+", default=["dip", "nonlocal", "tv"])
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    head = ["task", "picture", *given.members, "blend", "weights", "best", "its weights", "s"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    for task in given.tasks:
        for name in PICTURES[task]:
            if given.pictures is None or name in given.pictures:
                print(line(given.folder, task, name, given.crop, given.members, given.save), flush=True)


if __name__ == "__main__":
    main()
