"""The laws on deepinv's linear physics, wrapped by ``from_physics`` without its own check.

    python -m tests.benchmarks.deepinv_laws

Prints one row for each physics: the laws that are broken, with figure and smallest example.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from deepinv import physics as dp

from invprior.interop.deepinv import from_physics
from invprior.shapes import Shape
from invprior.testing import operator_outcomes

N = 16
GRAY, COLOUR, COMPLEX = (1, N, N), (3, N, N), (2, N, N)

EVEN, ODD = (8, N, N), (8, N, N + 1)  # 8 bands make N + 7 rows


def _numbers() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _psf() -> torch.Tensor:
    return torch.rand(1, 1, 5, 5, generator=_numbers())


def _cassi(size: Shape) -> Any:
    return dp.CompressiveSpectralImaging(img_size=size, rng=_numbers())


PHYSICS: dict[str, tuple[Shape, Callable[[], Any]]] = {
    "Tomography": (GRAY, lambda: dp.Tomography(angles=12, img_width=N)),
    "Tomography(adjoint_via_backprop=False)": (
        GRAY,
        lambda: dp.Tomography(angles=12, img_width=N, adjoint_via_backprop=False),
    ),
    "MRI": (COMPLEX, lambda: dp.MRI(img_size=COMPLEX, mask=(torch.rand(N, N, generator=_numbers()) > 0.5).float())),
    "BlurFFT": (COLOUR, lambda: dp.BlurFFT(img_size=COLOUR, filter=_psf())),
    "Blur(valid)": (COLOUR, lambda: dp.Blur(filter=_psf(), padding="valid")),
    "Blur(reflect)": (COLOUR, lambda: dp.Blur(filter=_psf(), padding="reflect")),
    "Downsampling": (COLOUR, lambda: dp.Downsampling(img_size=COLOUR, factor=2, filter="bicubic")),
    "Inpainting": (COLOUR, lambda: dp.Inpainting(img_size=COLOUR, mask=0.5, rng=_numbers())),
    "CompressedSensing": (GRAY, lambda: dp.CompressedSensing(m=40, img_size=GRAY, rng=_numbers())),
    "SinglePixelCamera": (GRAY, lambda: dp.SinglePixelCamera(m=40, img_size=GRAY, rng=_numbers())),
    "CompressiveSpectralImaging, even sides": (EVEN, lambda: _cassi(EVEN)),
    "CompressiveSpectralImaging, odd sides": (ODD, lambda: _cassi(ODD)),
    "Decolorize": (COLOUR, lambda: dp.Decolorize()),
}


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"deepinv {version('deepinv')}, torch {torch.__version__}\n")
    print("| physics | laws broken | measured / allowed, smallest example |\n|---|---|---|")
    for name, (shape, make) in PHYSICS.items():
        outcomes = operator_outcomes(from_physics(make(), shape, check=False), examples=25)
        broken = [o for o in outcomes if not o.holds]
        first = broken[0].worst if broken else None
        figure = "" if first is None else f"{first.measured:.3g} / {first.allowed:.3g}: {first.example[:200]}"
        print(f"| {name} | {', '.join(o.law for o in broken) or 'none'} | {figure.replace('|', '/')} |", flush=True)


if __name__ == "__main__":
    main()
