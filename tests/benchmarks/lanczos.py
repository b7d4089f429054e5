"""Lanczos ×4 of 3×2048×2048 float32 against Pillow, torch's own resampling and deepinv, in one run.

    python -m tests.benchmarks.lanczos

Every contender runs once to warm up and then in turn with the others; medians, and ratios to Pillow's forward.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from PIL import Image

from invprior.operators import Lanczos
from tests.benchmarks.results import add_keep, keep

SHAPE = (3, 2048, 2048)
FACTOR = 4
ROUNDS = 9
# The figures that pages name.
NAMES = {
    "ours": "invprior, forward",
    "adjoint": "invprior, adjoint",
    "pillow": "Pillow, forward",
    "torch": "torch interpolate, forward",
    "torch_adjoint": "torch interpolate, backward",
    "deepinv": "deepinv bicubic, forward",
    "deepinv_adjoint": "deepinv bicubic, adjoint",
}


def contenders() -> dict[str, Callable[[], object]]:
    """What is timed; those that are not installed, or that this torch lacks, are left out."""
    x = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0))
    A = Lanczos(SHAPE, FACTOR)
    y = A(x)
    planes = [Image.fromarray(p.numpy()) for p in x]
    size = (SHAPE[2] // FACTOR, SHAPE[1] // FACTOR)

    def pillow() -> list[np.ndarray]:
        return [np.asarray(p.resize(size, Image.Resampling.LANCZOS)) for p in planes]

    error = max(float((torch.from_numpy(p.copy()) - q).abs().max()) for p, q in zip(pillow(), y, strict=True))
    print(f"largest difference to Pillow: {error:.1e}")
    found: dict[str, Callable[[], object]] = {
        "Pillow, forward": pillow,
        "invprior, forward": lambda: A(x),
        "invprior, adjoint": lambda: A.H(y),
    }
    found |= _torch(x, y)
    found |= _deepinv(x, y)
    return found


def _torch(x: torch.Tensor, y: torch.Tensor) -> dict[str, Callable[[], object]]:
    interpolate = torch.nn.functional.interpolate

    def forward(v: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = interpolate(v[None], size=y.shape[-2:], mode="lanczos", antialias=True)[0]
        return out

    try:
        forward(x)
    except (NotImplementedError, ValueError):
        return {}
    leaf = x.clone().requires_grad_()
    graph = forward(leaf)
    return {
        "torch interpolate, forward": lambda: forward(x),
        "torch interpolate, backward": lambda: torch.autograd.grad(graph, leaf, y, retain_graph=True),
    }


def _deepinv(x: torch.Tensor, y: torch.Tensor) -> dict[str, Callable[[], object]]:
    try:
        from deepinv.physics import Downsampling
    except ImportError:
        return {}
    physics = Downsampling(img_size=SHAPE, factor=FACTOR, filter="bicubic", padding="reflect")
    small = physics.A(x[None])
    return {
        "deepinv bicubic, forward": lambda: physics.A(x[None]),
        "deepinv bicubic, adjoint": lambda: physics.A_adjoint(small),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_keep(parser, "lanczos")
    given = parser.parse_args()
    entries = contenders()
    times: dict[str, list[float]] = {name: [] for name in entries}
    for run in entries.values():
        run()
    for _ in range(ROUNDS):
        for name, run in entries.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    base = median(times["Pillow, forward"])
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {ROUNDS} rounds\n")
    print("| | median | fastest | Pillow's forward / this |\n|---|---|---|---|")
    rows = []
    for name, t in times.items():
        rows.append(f"| {name} | {1000 * median(t):.0f} ms | {1000 * min(t):.0f} ms | {base / median(t):.2f} |")
        print(rows[-1])
    named = {key: 1000 * median(times[name]) for key, name in NAMES.items() if name in times}
    keep(given.keep, ("operators/lanczos.py", "operators/resampling.py"), named, rows)


if __name__ == "__main__":
    main()
