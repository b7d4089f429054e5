"""A saddle-point problem in bands of rows, so that the arrays of a step stay in the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.functional import Functional
from invprior.linear_operator import LinearOperator
from invprior.shapes import REACH

# Values of the variable in a band, 1 MB in float32; a step holds about a dozen such arrays at once. A picture of up to
# four bands is not cut.
SIZE = 2**18


@dataclass(frozen=True, eq=False)
class Block:
    """f(Kx) with ‖K‖."""

    f: Functional
    K: LinearOperator
    norm: float


@dataclass(frozen=True)
class Rows:
    """Rows ``start`` to ``stop`` of a picture of ``height`` rows; operators read two more on each inner side."""

    start: int
    stop: int
    height: int

    @property
    def first(self) -> int:
        return max(self.start - REACH, 0)

    @property
    def last(self) -> int:
        return min(self.stop + REACH, self.height)

    @property
    def whole(self) -> bool:
        return (self.start, self.stop) == (0, self.height)

    def read(self, picture: Tensor) -> Tensor:
        """The rows of the picture that an operator needs as input."""
        return picture if self.whole else picture.narrow(-2, self.first, self.last - self.first)

    def keep(self, result: Tensor) -> Tensor:
        """The exact rows of an operator's result."""
        return result if self.whole else result.narrow(-2, self.start - self.first, self.stop - self.start)

    def of(self, picture: Tensor) -> Tensor:
        """These rows of the picture."""
        return picture if self.whole else picture.narrow(-2, self.start, self.stop - self.start)


@dataclass(frozen=True, eq=False)
class Part:
    """G and the f_i on some rows, and the K_i on the rows that they read."""

    rows: Rows
    G: Functional
    blocks: tuple[Block, ...]

    def value(self, x: Tensor) -> Tensor:
        """G(x) + Σ f_i(K_i x) on these rows."""
        read = self.rows.read(x)
        values = (b.f(self.rows.keep(b.K.forward(read))) for b in self.blocks)
        return sum(values, start=self.G(self.rows.of(x)))

    def conjugates(self, y: Sequence[Tensor]) -> list[Tensor]:
        """The f_i*(y_i) on these rows."""
        return [b.f.conj(self.rows.of(v)) for b, v in zip(self.blocks, y, strict=True)]

    def primal(self, x: Tensor, y: Sequence[Tensor], tau: float, theta: float) -> tuple[Tensor, Tensor]:
        """x̃ = prox_{τG}(x − τ ΣK_iᴴy_i) and x̄ = x̃ + θ(x̃ − x)."""
        old = self.rows.of(x)
        moved = old
        for b, v in zip(self.blocks, y, strict=True):
            moved = moved.add(self.rows.keep(b.K.adjoint(self.rows.read(v))), alpha=-tau)
        new = self.G.prox(moved, tau)
        return new, old.lerp(new, 1 + theta)  # x + (1 + θ)(x̃ − x)

    def dual(self, ahead: Tensor, y: Sequence[Tensor], rho: float) -> tuple[Tensor, ...]:
        """ỹ_i = prox_{σ_i f_i*}(y_i + σ_i K_i x̄) with σ_i = ρ/‖K_i‖²."""
        read = self.rows.read(ahead)
        out = []
        for b, v in zip(self.blocks, y, strict=True):
            sigma = rho / b.norm**2
            moved = self.rows.of(v).add(self.rows.keep(b.K.forward(read)), alpha=sigma)
            out.append(b.f.conj_prox(moved, sigma))
        return tuple(out)


def cut(G: Functional, blocks: tuple[Block, ...], x: Tensor) -> tuple[Part, ...]:
    """Bands for a variable like ``x`` if every term is local and ``x`` is on a CPU, else one part."""
    height = x.shape[-2] if x.ndim >= 2 else 0
    count = math.ceil(x.numel() / SIZE)
    whole = (Part(Rows(0, height, height), G, blocks),)
    if x.device.type != "cpu" or count <= 4 or not (G.rowwise and all(b.f.rowwise for b in blocks)):
        return whole
    size = max(2, math.ceil(height / count))
    parts = []
    for start in range(0, height, size):
        rows = Rows(start, min(start + size, height), height)
        on_band = [b.K.on_rows(rows.last - rows.first) for b in blocks]
        local = [
            Block(b.f.rows(rows.start, rows.stop, height), K, b.norm)
            for b, K in zip(blocks, on_band, strict=True)
            if K is not None
        ]
        if len(local) < len(blocks):  # an operator is not local
            return whole
        parts.append(Part(rows, G.rows(rows.start, rows.stop, height), tuple(local)))
    return tuple(parts)


def sweep(parts: tuple[Part, ...], compute: Callable[[Part], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """The results of ``compute`` on every band, joined along the rows."""
    if len(parts) == 1:
        return compute(parts[0])
    out: tuple[Tensor, ...] | None = None
    for part in parts:
        bands = compute(part)
        if out is None:
            height = part.rows.height
            out = tuple(torch.empty(*m.shape[:-2], height, m.shape[-1], dtype=m.dtype, device=m.device) for m in bands)
        for whole, m in zip(out, bands, strict=True):
            part.rows.of(whole).copy_(m)
    assert out is not None  # a picture has rows
    return out
