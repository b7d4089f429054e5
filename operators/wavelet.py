"""The undecimated wavelet transform."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import extend, fold, image_shape
from invprior.shapes import Shape


class Wavelet(LinearOperator):
    """The undecimated wavelet transform of the last two axes with periodic borders (Holschneider et al. 1989, à trous).

    With the approximation a₀ = x, the low-pass filter h and the high-pass filter g of an orthonormal wavelet, both of L
    taps and divided by √2, level j = 1 … ``levels`` filters along each of the two axes by

        (H_j a)[i] = Σ_n h[n] a[i − 2ʲ⁻¹(n − L/2)],   G_j likewise with g,

    which gives the details s_j (G_j × H_j, H_j × G_j, G_j × G_j)(a_{j−1}), rows × columns, and the next approximation
    a_j = (H_j × H_j) a_{j−1}. The output ``(3·levels + 1, *shape)`` holds the details from the finest to the coarsest
    level and then s a_levels; filters and positions are those of ``pywt.swt2(norm=True)``. The adjoint

        a_{j−1} = (H_j × H_j)ᴴ a_j + s_j Σ (…)ᴴ(details of level j)

    runs from the coarsest level to the finest. Since |ĥ|² + |ĝ|² = 1, WᴴW = I for scales of 1 and pictures of any size;
    for other scales it is diagonal in Fourier space, which gives the exact norm.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    wavelet
        Name of an orthonormal wavelet of PyWavelets: haar, db2, sym4, coif1, …
    levels
        Number of levels; the coarsest filters must fit into the picture: (L − 1)·2^(levels − 1) < H and W.
    scales
        s_j of each level, then s of the approximation; None means all 1. With s = 0 the approximation is left out.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes, the wavelet is unknown or not orthonormal, the levels are none or too
        many, or the number of scales is not levels + 1.

    Cost
    ----
    6L multiplications per value and level, in both directions; 3·levels + 1 times the memory of x.

    References
    ----------
    - Holschneider, Kronland-Martinet, Morlet & Tchamitchian, "A real-time algorithm for signal analysis with the help
      of the wavelet transform", in Wavelets, Springer 1989.
    """

    def __init__(
        self, shape: Iterable[int], wavelet: str = "haar", levels: int = 3, scales: Sequence[float] | None = None
    ) -> None:
        shape = image_shape("Wavelet", shape)
        low, high = filters(wavelet)
        shorter = min(shape[-2:])
        most = (shorter - 1) // (len(low) - 1)  # 2^(levels − 1) is at most this
        if not 1 <= levels <= most.bit_length():
            fitting = f"1 to {most.bit_length()} levels fit" if most else "no level fits"
            raise InvpriorError(f"{levels} levels of {wavelet} in a picture of {shape[-2]}×{shape[-1]}: {fitting}")
        scales = (1.0,) * (levels + 1) if scales is None else tuple(float(s) for s in scales)
        if len(scales) != levels + 1:
            raise InvpriorError(
                f"{levels} levels need {levels + 1} scales, the last for the approximation, got {len(scales)}"
            )
        super().__init__(shape, (3 * levels + (scales[-1] != 0), *shape))
        self.wavelet, self.levels, self.scales = wavelet, levels, scales
        self.low, self.high = low, high

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Wavelet:
        levels = rng.randint(1, 3)
        scales = rng.choice([None, [rng.choice([1.0, 0.5, 2.0]) for _ in range(levels)] + [rng.choice([0.0, 1.0])]])
        return cls(shape, rng.choice(["haar", "db2", "db3"]), levels, scales)

    def forward(self, x: Tensor) -> Tensor:
        bands = []
        for level in range(self.levels):
            # rows × columns: H×H for the next level, then the details G×H, H×G and G×G
            columns = self._split(x, -1, level)
            x, *details = (band for part in columns for band in self._split(part, -2, level))
            bands += details if self.scales[level] == 1 else [self.scales[level] * d for d in details]
        if self.scales[-1]:
            bands.append(self.scales[-1] * x)
        return torch.stack(bands, x.ndim - len(self.in_shape))

    def adjoint(self, y: Tensor) -> Tensor:
        bands = y.unbind(y.ndim - len(self.out_shape))
        x = self.scales[-1] * bands[-1] if self.scales[-1] else torch.zeros_like(bands[-1])
        for level in reversed(range(self.levels)):
            rows, cols, both = (self.scales[level] * band for band in bands[3 * level : 3 * level + 3])
            x = self._join(self._join(x, rows, -2, level), self._join(cols, both, -2, level), -1, level)
        return x

    def _split(self, x: Tensor, axis: int, level: int) -> tuple[Tensor, Tensor]:
        """Low-pass and high-pass parts along an axis."""
        gap, L, n = 2**level, len(self.low), x.shape[axis]
        wide = extend(x, axis, gap * (L // 2 - 1), gap * (L // 2), "periodic")
        # tap k reads a[i − 2ʲ⁻¹(k − L/2)]: one shifted view per tap
        views = [wide.narrow(axis, gap * (L - 1 - k), n) for k in range(L)]
        return _combine(self.low, views), _combine(self.high, views)

    def _join(self, low: Tensor, high: Tensor, axis: int, level: int) -> Tensor:
        """The adjoint of :meth:`_split`."""
        gap, L, n = 2**level, len(self.low), low.shape[axis]
        size = list(low.shape)
        size[axis] = n + gap * (L - 1)
        wide = low.new_zeros(size)
        for k in range(L):
            view = wide.narrow(axis, gap * (L - 1 - k), n)
            view.add_(low, alpha=self.low[k]).add_(high, alpha=self.high[k])
        return fold(wide, axis, gap * (L // 2 - 1), gap * (L // 2), "periodic")

    def norm(self) -> float:
        # the spectrum of WᴴW is Σ_j s_j²(A_{j−1} − A_j) + s²A_levels with A_j = Π_{i≤j} |ĥ_i|² on rows × columns
        passed = [torch.ones(self.in_shape[-2:], dtype=torch.float64)]
        for level in range(self.levels):
            rows, cols = (self._response(n, level) for n in self.in_shape[-2:])
            passed.append(passed[-1] * rows[:, None] * cols)
        spectrum = self.scales[-1] ** 2 * passed[-1]
        for s, (before, after) in zip(self.scales, pairwise(passed), strict=False):
            spectrum = spectrum + s**2 * (before - after)
        return math.sqrt(float(spectrum.max()))

    def _response(self, n: int, level: int) -> Tensor:
        """|ĥ|² of a level's filter at the n frequencies."""
        angle = 2 * math.pi * 2**level * torch.arange(n, dtype=torch.float64) / n
        taps = torch.arange(len(self.low)) * angle[:, None]
        h = torch.tensor(self.low, dtype=torch.float64)
        response: Tensor = (h * taps.cos()).sum(1).square() + (h * taps.sin()).sum(1).square()
        return response

    def extra_repr(self) -> str:
        scales = "" if set(self.scales) == {1.0} else f", scales={self.scales}"
        return f"{self.in_shape}, {self.wavelet!r}, levels={self.levels}{scales}"


def filters(wavelet: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Low-pass and high-pass filters of an orthonormal wavelet, divided by √2."""
    import pywt

    try:
        bank = pywt.Wavelet(wavelet)
    except (ValueError, TypeError) as error:
        raise InvpriorError(
            f"there is no discrete wavelet {wavelet!r} in PyWavelets; take haar, db2, sym4 or coif1"
        ) from error
    low = torch.tensor(bank.dec_lo, dtype=torch.float64)
    for k in range(0, len(low), 2):  # orthonormal: the autocorrelation at even lags is 1, 0, 0, …
        if abs(float(low[k:] @ low[: len(low) - k]) - (k == 0)) > 1e-9:
            raise InvpriorError(f"the wavelet {wavelet!r} is not orthonormal; take haar, db2, sym4 or coif1")
    return tuple((low / math.sqrt(2)).tolist()), tuple(h / math.sqrt(2) for h in bank.dec_hi)


def _combine(taps: Sequence[float], views: Sequence[Tensor]) -> Tensor:
    out = taps[0] * views[0]
    for tap, view in zip(taps[1:], views[1:], strict=True):
        out.add_(view, alpha=tap)
    return out
