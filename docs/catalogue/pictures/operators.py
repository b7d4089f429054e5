"""Each operator on a photograph: x, Ax, and AᴴAx if there is an adjoint."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

import torch
from torch import Tensor

import invprior as ip
from catalogue.pictures.scene import SIZE, SPEED, film, photograph, save, views
from invprior import operators
from invprior.operators import FiniteDifference, Lanczos, Mask

Shown = tuple[ip.Operator, Tensor]


def draw(name: str, path: Path) -> None:
    A, x = SHOWN[name]() if name in SHOWN else example(name)
    y = A(x)
    parts = A.split(y) if isinstance(A, operators.Stack) else (y,)
    rows = [views("x", x)]
    rows += [views("Ax" if len(parts) == 1 else f"A{'₁₂₃'[k]}x", part) for k, part in enumerate(parts)]
    if isinstance(A, ip.LinearOperator):
        rows.append(views("AᴴAx/‖A‖²", A.H(y) / A.norm() ** 2))
    shown = [list(row.items()) for row in rows]
    if len({len(row) for row in rows}) == 1:  # a row for each frame
        pictures, columns = dict(chain(*zip(*shown, strict=True))), len(rows)
    else:
        pictures = dict(chain(*shown))
        columns = 3 if len(pictures) == 6 else 4
    save(ip.show(pictures, columns=columns), path)


def example(name: str) -> Shown:
    """An instance as in the laws, for an operator without an entry in ``SHOWN``."""
    x = photograph()
    A = getattr(operators, name).example(tuple(x.shape), Random(0))
    return A, x.expand(A.in_shape)


def bayer() -> Shown:
    x = photograph()
    return operators.Bayer(x.shape), x


def blur() -> Shown:
    x = photograph()
    return operators.Blur(x.shape, torch.eye(11) / 11), x


def channels() -> Shown:
    """Brightness, as Y of ITU-R BT.601."""
    x = photograph()
    return operators.Channels(x.shape, torch.tensor([[0.299, 0.587, 0.114]])), x


def crop() -> Shown:
    x = photograph()
    return operators.Crop(x.shape, SIZE // 8, SIZE // 4, SIZE // 2, SIZE // 2), x


def diagonal() -> Shown:
    """A lens that is darker towards the corners."""
    x = photograph()
    t = torch.linspace(-1, 1, SIZE)
    return operators.Diagonal(x.shape, (1 + 0.6 * (t[:, None] ** 2 + t**2)) ** -2), x


def directional() -> Shown:
    """The gradient without its part across the picture's own edges."""
    x = photograph()
    prior = ip.priors.GuidedTV(x, eta=0.05)
    p = FiniteDifference(x.shape)(x)
    return operators.Directional(p.shape, prior.directions()[:, None]), p


def finite_difference() -> Shown:
    x = photograph()
    return FiniteDifference(x.shape), x


def flash_pair() -> Shown:
    x = photograph()
    warm = torch.tensor([0.5, 0.35, 0.2])[:, None, None]
    falloff = torch.linspace(0.7, 0, SIZE)[:, None]
    return operators.FlashPair(x.shape, (1.0, 0.8)), torch.stack([warm * x, falloff * x])


def function() -> Shown:
    x = photograph()
    return operators.from_function(lambda x: (x + x.flip(-1)) / 2, x.shape), x


def lanczos() -> Shown:
    x = photograph()
    return Lanczos(x.shape, factor=4), x


def mask() -> Shown:
    x = photograph()
    return Mask.text(x.shape), x


def motion_difference() -> Shown:
    """Only content that does not move with the picture is left: a square that is new in the second frame."""
    x = film(2)
    x[1, :, SIZE // 8 : SIZE // 4, SIZE // 8 : SIZE // 4] = 0
    flow = torch.zeros(1, 2, SIZE, SIZE)
    flow[:, 1] = -SPEED
    return operators.MotionDifference(x.shape, flow), x


def jpeg() -> Shown:
    """Y, Cb and Cr; the 64 coefficients of a block stand one behind the other in a row."""
    x = photograph()
    A = operators.JPEG(x.shape)
    return operators.Reshape(A.out_shape, x.shape) @ A, x


def nonuniform_fourier() -> Shown:
    """A spoke a row."""
    x = photograph()
    A = operators.NonuniformFourier.radial(x.shape, SIZE, SIZE, "real")
    return operators.Reshape(A.out_shape, (len(x), SIZE, SIZE)) @ A, x


def pad() -> Shown:
    x = photograph()
    return operators.Pad(x.shape, (SIZE // 4,) * 4, "reflect"), x


def per_frame() -> Shown:
    x = film(2)
    return operators.PerFrame(Lanczos(x.shape[1:], factor=4), len(x)), x


def reshape() -> Shown:
    x = photograph()
    return operators.Reshape(x.shape, (3, SIZE // 2, 2 * SIZE)), x


def saturate() -> Shown:
    x = photograph()
    return operators.Saturate(x.shape, 0.5), x


def stack() -> Shown:
    x = photograph()
    return operators.Stack(Lanczos(x.shape, factor=4), Mask.text(x.shape)), x


def symmetric_gradient() -> Shown:
    x = photograph()
    return operators.SymmetricGradient(x.shape), FiniteDifference(x.shape)(x)


def take() -> Shown:
    x = film(3)
    return operators.Take(x.shape, 1), x


def warp() -> Shown:
    """A whirl around the middle."""
    x = photograph()
    t = torch.linspace(-1, 1, SIZE)
    down, right = torch.meshgrid(t, t, indexing="ij")
    turn = 0.25 * SIZE * torch.exp(-3 * (down**2 + right**2))
    return operators.Warp(x.shape, torch.stack([-turn * right, turn * down]), "bicubic"), x


def wavelet() -> Shown:
    x = photograph()
    return operators.Wavelet(x.shape, levels=1), x


SHOWN: dict[str, Callable[[], Shown]] = {
    "Bayer": bayer,
    "Blur": blur,
    "Channels": channels,
    "Crop": crop,
    "Diagonal": diagonal,
    "Directional": directional,
    "FiniteDifference": finite_difference,
    "FlashPair": flash_pair,
    "Function": function,
    "Lanczos": lanczos,
    "Mask": mask,
    "MotionDifference": motion_difference,
    "JPEG": jpeg,
    "NonuniformFourier": nonuniform_fourier,
    "Pad": pad,
    "PerFrame": per_frame,
    "Reshape": reshape,
    "Saturate": saturate,
    "Stack": stack,
    "SymmetricGradient": symmetric_gradient,
    "Take": take,
    "Warp": warp,
    "Wavelet": wavelet,
}
