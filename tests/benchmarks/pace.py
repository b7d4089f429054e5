"""The time that is told before a solve, beside the time that it took.

    python -m tests.benchmarks.pace DATA [--keep]

DATA holds denoise25, inpaint50 and sr of the published experiments of the deep image prior. Seconds are wall time; the
last line says in how many cases the two are within a factor of 1.5.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from invprior import operators
from invprior.io import read
from invprior.runs.environment import settle
from invprior.runs.pace import expected_seconds
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import Deblur, Denoise, Inpaint, Task, Upscale
from invprior.specs import parse_prior
from tests.benchmarks.results import add_keep, keep

CODE = ("invprior/runs/pace.py", "invprior/solvers", "priors")
ROUNDING = 1 / (255 * 12**0.5)
CLOSE = 1.5


def cases(folder: Path) -> Iterator[tuple[str, Task, Tensor, str, int | None]]:
    """Name, task, picture, prior, and a limit of iterations."""
    noisy = {n: read(folder / f"denoise25/{n}_noisy.png").x for n in ("F16", "kodim03", "kodim12")}
    for name, prior in (("F16", "tv"), ("kodim03", "tv"), ("F16", "nonlocal"), ("kodim12", "nonlocal")):
        yield f"{name}, denoise", Denoise(), noisy[name], prior, None
    yield "F16, denoise", Denoise(), noisy["F16"], "wavelet", None
    yield "F16, denoise", Denoise(), noisy["F16"], "dip", 20
    masked = read(folder / "inpaint50/barbara_masked.png").x
    yield "barbara, half missing", Inpaint((masked != 0).any(0)), masked, "tv", None
    zebra = read(folder / "sr/zebra.png").x
    small = operators.Lanczos(zebra[:, :388, :584].shape, factor=4)(zebra[:, :388, :584]).clamp(0, 1)
    yield "zebra, ×4", Upscale(4), small, "tv", None
    clean = read(folder / "denoise25/F16_clean.png").x
    psf = torch.ones(5, 5) / 25
    blurred = operators.Blur(clean.shape, psf)(clean) + 0.01 * torch.randn(clean.shape, generator=torch.manual_seed(0))
    yield "F16, 5×5 blur", Deblur(psf), blurred.clamp(0, 1), "tv", None
    yield "barbara, half missing", Inpaint((masked != 0).any(0)), masked, "nonlocal", None
    yield "zebra, ×4", Upscale(4), small, "nonlocal", None


def main() -> None:
    settle()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    add_keep(parser, "pace")
    given = parser.parse_args()
    lines, close = [], 0
    print("| picture, task | prior | told, s | took, s | ratio |\n|---|---|---|---|---|", flush=True)
    for name, task, y, text, limit in cases(given.folder):
        measured = task.measured(y, ROUNDING, "auto")
        prior = task.prior(parse_prior(text), "cpu")
        settings = Restoration(iterations=limit)
        told = expected_seconds(measured, prior, settings)
        begin = time.perf_counter()
        settings.run(measured, prior)
        took = time.perf_counter() - begin
        assert told is not None
        close += 1 / CLOSE <= told / took <= CLOSE
        lines.append(f"| {name} | `{text}` | {told:.1f} | {took:.1f} | {told / took:.2f} |")
        print(lines[-1], flush=True)
    print(f"within a factor of {CLOSE}: {close} of {len(lines)}")
    keep(given.keep, CODE, {}, lines)


if __name__ == "__main__":
    main()
