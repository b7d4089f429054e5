"""Lanczos decimation, for super-resolution."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from invprior.banded import Banded
from invprior.errors import InvpriorError
from invprior.operator import LinearOperator


class Lanczos(LinearOperator):
    """Decimation by an integer factor with the Lanczos window of ``a`` lobes, as Pillow's LANCZOS does it (a = 3).

    Along an axis of n pixels, m = ⌊n / factor⌋ samples share the whole axis evenly, s = n / m pixels each (s is the
    factor where it divides n). Sample k sits at the centre of its share, at c = (k + ½)s − ½ in pixel coordinates
    (4k + 1.5 for a factor of 4), and

        (Ax)[k] = Σ_i w_ki x[i],   w_ki ∝ L((i − c)/s),   L(t) = sinc(t) sinc(t/a) for |t| < a,   Σ_i w_ki = 1,

    the weights renormalised where the window leaves the picture. Separable; the adjoint (Aᴴy)[i] = Σ_k w_ki y[k] is
    applied with the same banded matrices. The norm is the product of theirs. Works in every floating dtype.

    Parameters
    ----------
    shape
        Event shape of the fine image, ``(..., H, W)``.
    factor
        Integer ≥ 1, at most the shorter side.
    a
        Lobes of the window, 2 or 3.

    References
    ----------
    Duchon, "Lanczos filtering in one and two dimensions", J. Appl. Meteorology 18 (1979).
    """

    def __init__(self, shape: Iterable[int], factor: int, a: Literal[2, 3] = 3) -> None:
        shape = tuple(shape)
        if len(shape) < 2:
            raise InvpriorError(f"Lanczos needs an image of shape (..., H, W), got {shape}")
        if not isinstance(factor, int) or not 1 <= factor <= min(shape[-2:]):
            raise InvpriorError(f"the factor must be a whole number from 1 to {min(shape[-2:])}, got {factor!r}")
        if a not in (2, 3):
            raise InvpriorError(f"a Lanczos window has 2 or 3 lobes, got {a!r}")
        H, W = shape[-2:]
        super().__init__(shape, (*shape[:-2], H // factor, W // factor))
        self.factor, self.a = factor, a
        self._rows = lanczos_matrix(H, H // factor, a)
        self._cols = lanczos_matrix(W, W // factor, a)

    def forward(self, x: Tensor) -> Tensor:
        return self._cols.apply(self._rows.apply(x, -2), -1)

    def adjoint(self, y: Tensor) -> Tensor:
        return self._rows.apply_adjoint(self._cols.apply_adjoint(y, -1), -2)

    def norm(self) -> float:
        return self._rows.norm() * self._cols.norm()

    def extra_repr(self) -> str:
        return f"{self.in_shape}, factor={self.factor}, a={self.a}"


def lanczos_matrix(n: int, m: int, a: int) -> Banded:
    """The m × n resampling matrix: window cut at the border, rows summing to 1."""
    scale = n / m
    centre = (np.arange(m) + 0.5) * scale
    reach = a * scale
    taps = min(n, int(np.ceil(2 * reach)) + 1)
    starts = np.clip(np.floor(centre - reach + 0.5).astype(np.int64), 0, n - taps)
    offset = starts[:, None] + np.arange(taps) + 0.5 - centre[:, None]
    weights = _window(offset / scale, a)
    return Banded(n, starts, weights / weights.sum(axis=1, keepdims=True))


def _window(t: NDArray[np.float64], a: int) -> NDArray[np.float64]:
    return np.where(np.abs(t) < a, np.sinc(t) * np.sinc(t / a), 0.0)
