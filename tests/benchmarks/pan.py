"""A film of a free photograph, for pictures in the docs: the camera goes over scikit-image's ``astronaut``.

    python -m tests.benchmarks.pan FILM.mkv [--frames 16]

176×144 pixels, lossless; the camera goes 1.5 rows and 2.5 columns a frame, between pixels by :class:`Warp`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from invprior.operators import Warp
from tests.films import make_film
from tests.helpers import photograph

H, W = 144, 176
SPEED = (1.5, 2.5)


def main() -> None:
    """Write the film."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--frames", type=int, default=16)
    given = parser.parse_args()
    x = photograph("astronaut.png", 300, 0, 100).float()
    frames = []
    for t in range(given.frames):
        flow = torch.tensor([v * t for v in SPEED])[:, None, None].expand(2, *x.shape[-2:])
        frames.append(Warp(x.shape, flow, "bicubic")(x)[:, 40 : 40 + H, 30 : 30 + W].clamp(0, 1))
    make_film(given.film, torch.stack(frames))


if __name__ == "__main__":
    main()
