"""Lanczos decimation, for super-resolution."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from random import Random
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operators.banded import Banded
from invprior.operators.pad import check_boundary, image_shape
from invprior.operators.resampling import Resampling
from invprior.shapes import Geometry, Shape

Boundary = Literal["renormalise", "replicate", "reflect", "zero"]


class Lanczos(Resampling):
    """Decimation by an integer or rational factor with the Lanczos window of ``a`` lobes; Pillow's LANCZOS for a = 3.

    Along an axis of n pixels, m = ⌊n / factor⌋ samples share the whole axis evenly, s = n / m pixels each (s is the
    factor if it divides n). Phase: sample k sits at the centre of its share, at c = (k + ½)s − ½ in pixel
    coordinates (4k + 1.5 for a factor of 4), and

        (Ax)[k] = Σ_i w_ki x̃[i],   w_ki ∝ L((i − c)/s),   L(t) = sinc(t) sinc(t/a) for |t| < a,   Σ_i w_ki = 1.

    Where the window leaves the picture, ``renormalise`` truncates it and rescales the rest to the sum 1, as Pillow
    does; the other boundaries extend the picture to x̃ as :class:`~invprior.operators.Pad` does. Rows and columns are
    resampled by two banded matrices. The adjoint (Aᴴy)[i] = Σ_k w_ki y[k], with the weight of a pixel outside moved
    onto the pixel that it copies, uses the same matrices, and the norm is the product of their norms. Every floating
    dtype works.

    Parameters
    ----------
    shape
        Event shape of the fine image, ``(..., H, W)``.
    factor
        From 1 to the shorter side: an integer, or a ``fractions.Fraction`` such as ``Fraction(3, 2)``.
    a
        Lobes of the window, 2 or 3.
    boundary
        ``renormalise``, ``replicate``, ``reflect`` (half-sample symmetric) or ``zero``.

    Raises
    ------
    InvpriorError
        If a setting is outside its range stated above.

    Cost
    ----
    2a(1 + 1/s) multiplications per pixel of the fine image, as products with small dense blocks; the adjoint the same.

    References
    ----------
    - Duchon, "Lanczos filtering in one and two dimensions", J. Appl. Meteorology 18 (1979).
    """

    def __init__(
        self,
        shape: Iterable[int],
        factor: int | Fraction,
        a: Literal[2, 3] = 3,
        boundary: Boundary = "renormalise",
    ) -> None:
        shape = image_shape("Lanczos", shape)
        if not isinstance(factor, int | Fraction) or not 1 <= factor <= min(shape[-2:]):
            raise InvpriorError(
                f"the factor must be a whole number from 1 to {min(shape[-2:])}, or a fractions.Fraction in that "
                f"range such as Fraction(3, 2), got {factor!r}"
            )
        if a not in (2, 3):
            raise InvpriorError(f"a Lanczos window has 2 or 3 lobes, got {a!r}")
        check_boundary("boundary", boundary, get_args(Boundary))
        H, W = shape[-2:]
        rows, cols = (lanczos_matrix(n, int(n // factor), a, boundary) for n in (H, W))
        super().__init__(shape[:-2], rows, cols)
        self.factor = factor if isinstance(factor, int) or factor.denominator > 1 else int(factor)
        self.a, self.boundary = a, boundary

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Lanczos:
        factors: list[int | Fraction] = [1, 2, 3, 4, Fraction(3, 2), Fraction(7, 3)]
        factor = rng.choice([f for f in factors if f <= min(shape[-2:])])
        return cls(shape, factor, rng.choice((2, 3)), rng.choice(get_args(Boundary)))

    @property
    def period(self) -> int:
        return self.factor if isinstance(self.factor, int) else self.factor.numerator

    def geometry(self) -> Geometry:
        """Samples sit at the centres c; a ramp is exact for integer s, where every window is symmetric."""
        (rows, whole_rows), (cols, whole_cols) = (
            self._centres(n, m) for n, m in zip(self.in_shape[-2:], self.out_shape[-2:], strict=True)
        )
        whole = all(n % m == 0 for n, m in zip(self.in_shape[-2:], self.out_shape[-2:], strict=True))
        return Geometry(rows, cols, whole_rows[:, None] & whole_cols, 0.0 if whole else 0.03)

    def _centres(self, n: int, m: int) -> tuple[Tensor, Tensor]:
        """Positions of the samples along an axis, and whether their windows lie inside the picture."""
        scale = n / m
        centre = (torch.arange(m, dtype=torch.float64) + 0.5) * scale - 0.5
        reach = self.a * scale
        return centre, (centre - reach >= -1) & (centre + reach <= n)

    def extra_repr(self) -> str:
        boundary = "" if self.boundary == "renormalise" else f", boundary={self.boundary!r}"
        return f"{self.in_shape}, factor={self.factor!r}, a={self.a}{boundary}"


def lanczos_matrix(n: int, m: int, a: int, boundary: Boundary = "renormalise") -> Banded:
    """The m × n resampling matrix; rows sum to 1 unless the boundary is zero."""
    scale = n / m
    centre = (np.arange(m) + 0.5) * scale  # where pixel i spans [i, i + 1]
    reach = a * scale
    window = int(np.ceil(2 * reach)) + 1
    taps = min(n, window)
    first = np.floor(centre - reach + 0.5).astype(np.int64)
    starts = np.clip(first, 0, n - taps)
    if boundary == "renormalise":
        offset = starts[:, None] + np.arange(taps) + 0.5 - centre[:, None]
        weights = _window(offset / scale, a)
        return Banded(n, starts, weights / weights.sum(axis=1, keepdims=True))
    pixel = first[:, None] + np.arange(window)
    whole = _window((pixel + 0.5 - centre[:, None]) / scale, a)
    whole /= whole.sum(axis=1, keepdims=True)
    if boundary == "zero":
        whole[(pixel < 0) | (pixel >= n)] = 0.0
    if boundary == "reflect":
        pixel = pixel % (2 * n)
        pixel = np.minimum(pixel, 2 * n - 1 - pixel)
    # a copied pixel lies in the band of its row, which is the whole axis or the window shifted inside
    column = np.clip(pixel, 0, n - 1) - starts[:, None]
    weights = np.zeros((m, taps))
    # two taps may copy the same pixel, so accumulate
    np.add.at(weights, (np.arange(m)[:, None], column), whole)
    return Banded(n, starts, weights)


def _window(t: NDArray[np.float64], a: int) -> NDArray[np.float64]:
    return np.where(np.abs(t) < a, np.sinc(t) * np.sinc(t / a), 0.0)
