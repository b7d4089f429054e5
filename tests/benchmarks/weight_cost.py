"""What the automatic weight costs, in solves of the whole picture: ``python -m tests.benchmarks.weight_cost``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

import invprior.noise as noise
from invprior import LinearOperator, Problem, solve, weight
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import TV
from tests.helpers import photograph

SIGMA = 0.05


def disc(radius: float) -> Tensor:
    """A defocus PSF."""
    n = int(radius + 1)
    rows, columns = torch.meshgrid(*2 * [torch.arange(-n, n + 1.0)], indexing="ij")
    psf = ((rows.square() + columns.square()).sqrt() <= radius).float()
    return psf / psf.sum()


def known(shape: tuple[int, ...]) -> Tensor:
    return torch.rand(shape[-2:], generator=torch.Generator().manual_seed(0)) > 0.5


TASKS: dict[str, Callable[[tuple[int, ...]], LinearOperator]] = {
    "denoise": Identity,
    "upscale 4": lambda shape: Lanczos(shape, 4),
    "inpaint": lambda shape: Mask(shape, known(shape)),
    "deblur": lambda shape: Blur(shape, disc(2.5)),
}


def main() -> None:
    """One line for a size and task: seconds of the weight and of the solve with it, and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[48, 256, 1024])
    sizes = parser.parse_args().sizes
    torch.set_num_threads(1)
    print("size  task        weight s  solve s  solves  weight   tried")
    for size in sizes:
        x = (
            photograph("astronaut.png", size=min(size, 512), top=0, left=0)
            .float()
            .repeat(1, *2 * [max(1, size // 512)])
        )
        for name, make in TASKS.items():
            A = make(tuple(x.shape))
            y = noise.Gaussian(SIGMA).sample(A(x), torch.Generator().manual_seed(0))
            begin = time.process_time()
            choice = weight.auto(Problem(A, y, noise=noise.Gaussian(SIGMA), prior=TV()))
            chosen = time.process_time()
            solve(Problem(A, y, noise=noise.Gaussian(SIGMA), prior=choice.weight * TV()))
            end = time.process_time()
            taken, solving = chosen - begin, end - chosen
            print(
                f"{size:4}  {name:10} {taken:9.2f} {solving:8.2f} {taken / solving:7.2f} {choice.weight:7.1f} "
                f"{len(choice.tried):6}",
                flush=True,
            )


if __name__ == "__main__":
    main()
