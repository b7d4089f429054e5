"""Noise that is not white, by its model and as white; data of a camera's own units."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior import Noise, Problem, noise, operators, priors, solve
from invprior.metrics import psnr
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.flash import save as sheet
from tests.benchmarks.non_local.contest import FILES, Asked, Run

# A camera of twelve bits: counts of no light, and of the brightest.
PEDESTAL, BRIGHTEST = 240, 600
# A lens that is dark in the corners, evened out by a flat field: the noise grows to this many times that of the centre.
CENTRE, CORNERS = 10 / 255, 5


def vignetted(clean: Tensor) -> Noise:
    rows, columns = (torch.linspace(-1, 1, n) for n in clean.shape[-2:])
    far = (rows[:, None].square() + columns.square()) / 2
    return noise.Gaussian((CENTRE * (1 + (CORNERS - 1) * far)).expand(clean.shape).contiguous())


def restored(y: Tensor, model: Noise) -> Tensor:
    return solve(Problem(operators.Identity(y.shape), y, noise=model, prior=priors.NonLocal())).x


def by_models(asked: Asked) -> None:
    """Print PSNR by the model and as white noise of the same mean variance; then what another unit changes."""
    tune_allocator()
    torch.set_num_threads(1)
    print("| picture | noise | noisy | by its model | as white | gain |\n|---|---|---|---|---|---|", flush=True)
    for name in asked.noisy:
        _, clean = Run(name, FILES, size=asked.crop).measured(asked.folder)
        models: dict[str, Noise] = {
            "photons, gain 0.02, read 0.02": noise.PoissonGaussian(0.02, 0.02),
            "photons alone, gain 0.05": noise.Poisson(0.05),
            f"σ 10/255, to {10 * CORNERS}/255 in the corners": vignetted(clean),
        }
        for what, model in models.items():
            y = model.sample(clean, torch.Generator().manual_seed(0))
            white = noise.Gaussian(float(model.estimated_variance(y).mean()) ** 0.5)
            own, plain = (restored(y, m).clamp(0, 1) for m in (model, white))
            ours, theirs = psnr(own, clean), psnr(plain, clean)
            row = [name, what, f"{psnr(y, clean):.2f}", f"{ours:.2f}", f"{theirs:.2f}", f"{ours - theirs:+.2f}"]
            print(f"| {' | '.join(row)} |", flush=True)
            if asked.save is not None:
                sheet(
                    asked.save / f"{name}-{what.split(',')[0].replace(' ', '-').replace('/', '-')}.png", [y, plain, own]
                )
    print(f"\n| picture | in counts of {PEDESTAL} to {BRIGHTEST} | in [0, 1] | largest difference |\n|---|---|---|---|")
    for name in asked.noisy:
        y, clean = Run(name, FILES, size=asked.crop).measured(asked.folder)
        counts = (PEDESTAL + (BRIGHTEST - PEDESTAL) * y).round()
        unit = (counts - PEDESTAL) / (BRIGHTEST - PEDESTAL)  # the same data, so with the same rounding
        in_counts = restored(counts, noise.Gaussian(FILES / 255 * (BRIGHTEST - PEDESTAL)))
        x, back = restored(unit, noise.Gaussian(FILES / 255)), (in_counts - PEDESTAL) / (BRIGHTEST - PEDESTAL)
        row = [name, f"{psnr(back, clean):.3f}", f"{psnr(x, clean):.3f}", f"{float((x - back).abs().max()):.1e}"]
        print(f"| {' | '.join(row)} |", flush=True)
