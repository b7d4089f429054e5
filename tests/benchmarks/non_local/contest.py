"""White noise on whole photographs: NonLocal beside PyPI's bm3d and deepinv's BM3D."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invprior import InvpriorError, Problem, noise, operators, priors, solve
from invprior.io import read
from invprior.metrics import psnr
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.dip import crop
from tests.benchmarks.flash import save as sheet
from tests.benchmarks.memory import peak_bytes

NOISY = ("F16", "kodim03", "kodim12")
GREEN = 1
FILES = 25  # σ·255 of the noisy files
Denoiser = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True)
class Asked:
    """What a part of the benchmark is run on."""

    folder: Path
    pictures: tuple[str, ...]
    kinds: tuple[str, ...]
    sigmas: tuple[int, ...]
    crop: int
    save: Path | None

    @property
    def noisy(self) -> tuple[str, ...]:
        """The pictures of denoise25 among them."""
        found = tuple(p for p in self.pictures if p in NOISY)
        if not found:
            raise InvpriorError(f"this part takes the pictures {', '.join(NOISY)}; give one of them to --pictures")
        return found


@dataclass(frozen=True)
class Run:
    """One denoiser on one picture; 0 for ``size`` is the whole picture, σ is in units of 1/255."""

    picture: str
    sigma: int
    kind: str = "colour"
    method: str = "ours"
    size: int = 0
    threads: int = 1

    def measured(self, folder: Path) -> tuple[Tensor, Tensor]:
        """The noisy and the clean picture."""
        clean = read(folder / "denoise25" / f"{self.picture}_clean.png").x
        if self.sigma == FILES:
            y = read(folder / "denoise25" / f"{self.picture}_noisy.png").x
        else:
            y = noise.Gaussian(self.sigma / 255).sample(clean, torch.Generator().manual_seed(self.sigma))
        if self.kind == "gray":
            clean, y = (x[GREEN : GREEN + 1].contiguous() for x in (clean, y))
        return (crop(y, self.size), crop(clean, self.size)) if self.size else (y, clean)

    def here(self, folder: Path, save: Path | None) -> dict[str, float]:
        """PSNR, seconds of processor and wall, and megabytes beyond the libraries and the picture, in this process."""
        tune_allocator()
        torch.set_num_threads(self.threads)
        y, clean = self.measured(folder)
        run = denoiser(self.method)
        before, wall, processor = peak_bytes(), time.perf_counter(), time.process_time()
        x = run(y, self.sigma / 255).clamp(0, 1)
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        taken = (peak_bytes() - before) / 2**20
        if save is not None:
            name = f"{self.picture}-{self.sigma}-{self.kind}-{self.method}-{self.size}.png"
            sheet(save / name, [v.expand(3, -1, -1) for v in (clean, y, x)])
        return {"psnr": psnr(x, clean), "cpu": processor, "wall": wall, "MB": taken, "MP": y[0].numel() / 1e6}

    def fresh(self, asked: Asked) -> dict[str, float]:
        """:meth:`here` in a process of its own."""
        command = [sys.executable, "-m", "tests.benchmarks.nonlocal", str(asked.folder)]
        command += ["--alone", json.dumps(asdict(self))]
        command += [] if asked.save is None else ["--save", str(asked.save)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(done.returncode)  # it has said why
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def denoiser(method: str) -> Denoiser:
    """One of ``ours``, ``bm3d`` and ``deepinv``; a library that is missing is one sentence."""
    if method == "ours":
        return lambda y, s: (
            solve(Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(s), prior=priors.NonLocal())).x
        )
    if method == "deepinv":
        _module("ptwt", "pip install ptwt")
        model = _module("deepinv.models", "pip install deepinv").BM3D(use_legacy=False)
        return lambda y, s: model(y[None], s)[0]
    bm3d = _module("bm3d", "pip install bm3d (its licence allows no commercial use)")

    def run(y: Tensor, s: float) -> Tensor:
        if len(y) == 1:
            return torch.from_numpy(bm3d.bm3d(y[0].numpy(), s)).float().view(y.shape)
        return torch.from_numpy(bm3d.bm3d_rgb(y.permute(1, 2, 0).numpy(), s)).float().permute(2, 0, 1)

    return run


def _module(name: str, remedy: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InvpriorError(f"{name} is missing, which this comparison runs against: {remedy}") from None


def beside_bm3d(asked: Asked) -> None:
    """Print PSNR, seconds and memory beside bm3d's."""
    denoiser("bm3d")
    print("| picture | σ·255 | | PSNR | bm3d | CPU s | bm3d | CPU s/MP | bm3d | wall s | bm3d | MB/MP | bm3d |")
    print(f"|{'---|' * 13}", flush=True)
    for kind in asked.kinds:
        for sigma in asked.sigmas:
            for picture in asked.noisy:
                run = Run(picture, sigma, kind)
                ours, theirs = (replace(run, method=m).fresh(asked) for m in ("ours", "bm3d"))
                row = [picture, str(sigma), kind]
                row += [f"{r['psnr']:.2f}" for r in (ours, theirs)] + [f"{r['cpu']:.1f}" for r in (ours, theirs)]
                row += [f"{r['cpu'] / r['MP']:.0f}" for r in (ours, theirs)]
                row += [f"{r['wall']:.1f}" for r in (ours, theirs)]
                row += [f"{r['MB'] / r['MP']:.0f}" for r in (ours, theirs)]
                print(f"| {' | '.join(row)} |", flush=True)


def by_threads(asked: Asked) -> None:
    """Print the seconds of one thread and of two."""
    print("| picture | threads | CPU s | wall s |\n|---|---|---|---|", flush=True)
    for picture in asked.noisy:
        for threads in (1, 2):
            r = Run(picture, FILES, threads=threads).fresh(asked)
            print(f"| {picture} | {threads} | {r['cpu']:.1f} | {r['wall']:.1f} |", flush=True)


def beside_deepinv(asked: Asked) -> None:
    """Print PSNR, seconds and memory beside deepinv's on a central crop."""
    denoiser("deepinv")
    print("| picture | size | PSNR | deepinv | CPU s | deepinv | ratio | MB | deepinv |")
    print(f"|{'---|' * 9}", flush=True)
    for picture in asked.noisy:
        run = Run(picture, FILES, size=asked.crop)
        ours, theirs = (replace(run, method=m).fresh(asked) for m in ("ours", "deepinv"))
        row = [picture, f"{asked.crop}²", *(f"{r['psnr']:.2f}" for r in (ours, theirs))]
        row += [f"{ours['cpu']:.2f}", f"{theirs['cpu']:.2f}", f"{theirs['cpu'] / ours['cpu']:.1f}"]
        row += [f"{r['MB']:.0f}" for r in (ours, theirs)]
        print(f"| {' | '.join(row)} |", flush=True)
