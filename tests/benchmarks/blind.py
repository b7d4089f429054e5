"""Blind deblurring of two photographs, blurred by a motion and by a defocus.

    python -m tests.benchmarks.blind [--size 192] [--sigma 0.01] [--without-dip] [--all]

The blurred pictures are cut out of larger ones, so that no boundary condition is true. The point spread function is
found by ``estimate_psf``, with one set of settings for all pictures; then TV, at the automatic weight, restores with
it, and with the true one. "DIP" goes on from the same point spread function, fitting the network and h together.

PSNR is that after the best shift, see ``metrics.psnr_shifted``. The distance of h is Σ|h − h*| after the best shift of
whole pixels. The truth is for these scores alone. ``--all`` gives each picture both blurs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from skimage import data
from torch import Tensor

from invprior import BlindResult, LinearOperator, Problem, blind, noise, operators, priors, solve, solve_blind, weight
from invprior.metrics import psnr_shifted

MARGIN, SIDE = 8, 11
CORNERS = {"astronaut": (10, 130), "camera": (80, 150)}
CHOSEN = (("astronaut", "motion"), ("camera", "defocus"))


@dataclass(frozen=True)
class Case:
    """A photograph, larger than what is measured, and its blur."""

    name: str
    truth: Tensor
    psf: Tensor
    y: Tensor

    def operator(self, psf: Tensor) -> LinearOperator:
        H, W = self.y.shape[-2:]
        return operators.Crop(self.truth.shape, MARGIN, MARGIN, H, W) @ operators.Blur(self.truth.shape, psf)

    def score(self, x: Tensor) -> float:
        inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        return psnr_shifted(x[inside] if x.shape == self.truth.shape else x, self.truth[inside])


def motion() -> Tensor:
    """The path of a camera that moved along a bow of ten pixels."""
    t = torch.linspace(-1, 1, 400, dtype=torch.float64)
    middle = (SIDE - 1) / 2
    rows, columns = middle - 2.2 * t + 1.5 * (t.square() - 1 / 3), middle + 4.4 * t
    near = torch.arange(SIDE, dtype=torch.float64)
    share = [(1 - (place[:, None] - near).abs()).clamp(min=0) for place in (rows, columns)]
    h = share[0].T @ share[1]
    return (h / h.sum()).float()


def defocus() -> Tensor:
    """A disc of radius 3, by eight samples a pixel."""
    t = (torch.arange(8 * SIDE, dtype=torch.float64) - (8 * SIDE - 1) / 2) / 8
    h = (t[:, None].square() + t.square() <= 9).double().reshape(SIDE, 8, SIDE, 8).mean((1, 3))
    return (h / h.sum()).float()


def cases(size: int, sigma: float, every: bool) -> Iterator[Case]:
    blurs = {"motion": motion(), "defocus": defocus()}
    for name, blur in [(n, b) for n in CORNERS for b in blurs] if every else CHOSEN:
        picture = torch.from_numpy(getattr(data, name)()).float() / 255
        gray = picture @ torch.tensor([0.299, 0.587, 0.114]) if picture.ndim == 3 else picture
        (top, left), side = CORNERS[name], size + 2 * MARGIN
        truth = gray[None, top : top + side, left : left + side].contiguous()
        exact = Case(name, truth, blurs[blur], truth[..., MARGIN:-MARGIN, MARGIN:-MARGIN]).operator(blurs[blur])
        y = noise.Gaussian(sigma).sample(exact(truth), torch.Generator().manual_seed(0))
        yield Case(f"{name}, {blur}", truth, blurs[blur], y)


def distance(found: Tensor, true: Tensor) -> float:
    shifts = [(i, j) for i in range(-3, 4) for j in range(-3, 4)]
    return min(float((found.roll(s, (0, 1)) - true).abs().sum()) for s in shifts)


def by_tv(case: Case, psf: Tensor, model: noise.Gaussian) -> Tensor:
    problem = Problem(case.operator(psf), case.y, noise=model, prior=priors.TV())
    chosen = weight.auto(problem).weight
    return solve(Problem(case.operator(psf), case.y, noise=model, prior=chosen * priors.TV())).x


def by_dip(case: Case, psf: Tensor, model: noise.Gaussian) -> BlindResult:
    A = blind.from_parameters(case.operator, {"psf": psf})
    problem = Problem(A, case.y, noise=model, prior=priors.DIP(task="upscale"))
    return solve_blind(problem, {"psf": blind.Simplex()}, blind.Joint(rate=0.03))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--sigma", type=float, default=0.01)
    parser.add_argument("--without-dip", action="store_true")
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    model = noise.Gaussian(given.sigma)
    print("| picture, blur | measured | blind TV | blind DIP | TV, h known | h: TV | h: DIP | seconds: h | TV | DIP |")
    print(f"|{'---|' * 10}", flush=True)
    for case in cases(given.size, given.sigma, given.all):
        times = [time.perf_counter()]
        psf = blind.estimate_psf(case.y, SIDE)
        times.append(time.perf_counter())
        tv = by_tv(case, psf, model)
        times.append(time.perf_counter())
        dip = None if given.without_dip else by_dip(case, psf, model)
        times.append(time.perf_counter())
        known = by_tv(case, case.psf, model)
        spent = [f"{after - before:.0f}" for before, after in pairwise(times)]
        row = [case.name, f"{case.score(case.y):.2f}", f"{case.score(tv):.2f}"]
        row += ["–" if dip is None else f"{case.score(dip.x):.2f}", f"{case.score(known):.2f}"]
        row += [f"{distance(psf, case.psf):.2f}"]
        row += ["–" if dip is None else f"{distance(dip.parameters['psf'], case.psf):.2f}", *spent]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
