"""Flash pairs: what the flash picture is worth, what it leaves in the result, and whether a seed ever gets stuck.

    python -m tests.benchmarks.flash FOLDER [--part scenes cave] [--pictures F16 …] [--priors tv dip] [--seeds 20]
        [--long 256] [--save DIR]

FOLDER holds ``denoise25/NAME_clean.png``, of which the central 256×256 pixels are lit in both ways by
``tests.flash_scene``, once with a flash shadow on half of them and once on the other half, so that every pixel is once
inside and once outside; and ``flash/cave01_*.jpg``, taken to ``--long`` pixels on the long side, 0 for as they are.

The cave has no truth: a fit that is stuck shows another distribution of colours than the picture without flash. The
figure is the RMS difference of the two, each averaged over 16×16 blocks, which noise hardly touches; that of a picture
of one colour, the mean of the other, stands beside it.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from invprior.cli.flash import longest
from invprior.io import read
from invprior.io.image import rounding
from invprior.purpose import Purpose
from invprior.runs.allocator import tune_allocator
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import Guided, Pair
from invprior.specs import parse_prior
from tests.benchmarks.dip import crop
from tests.flash_scene import Scene, scene, stripes

BLOCKS = 16


def restored(no_flash: Tensor, flash: Tensor, prior: str, mode: str, seed: int = 0) -> Tensor:
    """What the command line would write; mode ``alone`` has no use of the flash picture but for the noise level."""
    exposure = longest(no_flash, flash) if "dip" in prior else 1.0
    task = Pair(flash, exposure) if mode == "pair" else Guided(flash)
    spec = parse_prior(prior)
    made = spec.made(Purpose()) if mode == "alone" else task.prior(spec, "cpu")
    x = Restoration(seed=seed).run(task.measured(no_flash, rounding(16), "auto"), made).x
    return task.finish(x.clamp(0, 1)).clamp(0, 1)


def scenes(given: argparse.Namespace) -> None:
    head = ["picture", "prior", "mode", "PSNR dB", "in flash shadow", "outside", "highlight", "seconds"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for path in sorted(given.folder.glob("denoise25/*_clean.png")):
        name = path.stem.removesuffix("_clean")
        if given.pictures and name not in given.pictures:
            continue
        clean = crop(read(path).x, 256)
        mask = stripes(*clean.shape[-2:])
        pairs = [scene(clean, shadow, seed) for seed, shadow in enumerate((mask, ~mask))]
        print(f"| {name} | | as measured | {_row(pairs, [s.no_flash for s in pairs])} | |", flush=True)
        for prior in given.priors:
            for mode in ("alone", "guide", "pair"):
                begin = time.perf_counter()
                xs = [restored(s.no_flash, s.flash, prior, mode) for s in pairs]
                seconds = (time.perf_counter() - begin) / len(pairs)
                print(f"| {name} | {prior} | {mode} | {_row(pairs, xs)} | {seconds:.0f} |", flush=True)
                if given.save:
                    s = pairs[0]
                    save(given.save / f"{name}-{prior}-{mode}.png", [s.ambient, s.no_flash, s.flash, xs[0]])


def _row(pairs: list[Scene], xs: list[Tensor]) -> str:
    errors = [(x - s.ambient).square().mean(0) for s, x in zip(pairs, xs, strict=True)]

    def decibel(parts: list[Tensor]) -> str:
        return f"{-10 * math.log10(float(torch.cat(parts).mean())):.2f}"

    zipped = list(zip(pairs, errors, strict=True))
    regions = ([e.flatten() for e in errors], *([e[m(s)] for s, e in zipped] for m in (_inside, _outside, _highlight)))
    return " | ".join(decibel(parts) for parts in regions)


def _inside(s: Scene) -> Tensor:
    return s.shadow


def _outside(s: Scene) -> Tensor:
    return ~s.shadow


def _highlight(s: Scene) -> Tensor:
    return s.highlight


def cave(given: argparse.Namespace) -> None:
    no_flash, flash = (read(given.folder / "flash" / f"cave01_{n}.jpg").x for n in ("01_noflash", "00_flash"))
    if given.long:
        H, W = no_flash.shape[-2:]
        size = tuple(round(n * given.long / max(H, W)) for n in (H, W))
        no_flash, flash = (
            interpolate(x[None], size, mode="bicubic", antialias=True, align_corners=False)[0].clamp(0, 1)
            for x in (no_flash, flash)
        )
    one_colour = no_flash.mean((1, 2), keepdim=True).expand_as(no_flash)
    print(
        f"\ncave of {no_flash.shape[-1]}×{no_flash.shape[-2]}; of one colour: {away(one_colour, no_flash):.4f}, "
        f"the flash picture itself: {away(flash, no_flash):.4f}\n"
    )
    print("| seed | red, green, blue | away from no-flash | seconds |\n|---|---|---|---|", flush=True)
    print(f"| no-flash | {_mean(no_flash)} | | |", flush=True)
    for seed in range(given.seeds):
        begin = time.perf_counter()
        x = restored(no_flash, flash, "dip", "guide", seed)
        seconds = time.perf_counter() - begin
        print(f"| {seed} | {_mean(x)} | {away(x, no_flash):.4f} | {seconds:.0f} |", flush=True)
        if given.save:
            save(given.save / f"cave-{seed}.png", [no_flash, flash, x])


def away(x: Tensor, y: Tensor) -> float:
    """RMS difference of the means over the blocks."""
    return float((adaptive_avg_pool2d(x, BLOCKS) - adaptive_avg_pool2d(y, BLOCKS)).square().mean().sqrt())


def _mean(x: Tensor) -> str:
    return ", ".join(f"{v:.3f}" for v in x.mean((1, 2)).tolist())


def save(path: Path, xs: list[Tensor]) -> None:
    """The pictures side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = torch.cat(xs, -1).clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(values).save(path)


def main() -> None:
    """Print the tables."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", nargs="+", default=["scenes", "cave"], choices=["scenes", "cave"])
    parser.add_argument("--pictures", nargs="+")
    parser.add_argument("--priors", nargs="+", default=["tv", "dip"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--long", type=int, default=256)
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    for part in given.part:
        {"scenes": scenes, "cave": cave}[part](given)


if __name__ == "__main__":
    main()
