"""Numbers that tell functionals apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass

import torch
from torch import Tensor

from invprior.functional import Functional
from invprior.shapes import slabs


def figures(f: Functional, u: Tensor) -> list[float]:
    """f(u) and the sum of prox_f(u), which distinguishes bounds even where f(u) is infinite.

    Of an f without a value they are its settings: its map may be a denoiser, a call of which is dear.
    """
    if not f.valued:
        settings: list[object] = list(vars(f).values()) if is_dataclass(f) else []
        return [0.0, *(float(v) for v in settings if isinstance(v, int | float))]
    bands = list(_bands(f, u))
    value = sum(float(part(v)) for part, v in bands)
    if not f.proximable:
        return [value]
    return [value, sum(float(torch.linalg.vector_norm(part.prox(v, 1.0), 1)) for part, v in bands)]


def _bands(f: Functional, u: Tensor) -> Iterator[tuple[Functional, Tensor]]:
    """f on some rows of u at a time; on all of them where it couples rows."""
    if not f.rowwise or u.ndim < 2:
        yield f, u
        return
    height = u.shape[-2]
    for rows in slabs(height, u.numel() // height):
        yield f.rows(rows.start, rows.stop, height), u[..., rows, :]
