"""A saddle-point problem in bands of rows, so that the arrays of a step stay in the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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
class Blocks:
    """The f_i on some rows, and the K_i on the rows that they read."""

    rows: Rows
    blocks: tuple[Block, ...]

    def values(self, x: Tensor) -> list[Tensor]:
        """The f_i(K_i x) on these rows."""
        read = self.rows.read(x)
        return [b.f(self.rows.keep(b.K.forward(read))) for b in self.blocks]

    def conjugates(self, y: Sequence[Tensor]) -> list[Tensor]:
        """The f_i*(y_i) on these rows."""
        return [b.f.conj(self.rows.of(v)) for b, v in zip(self.blocks, y, strict=True)]

    def pulled(self, x: Tensor, y: Sequence[Tensor], tau: float) -> Tensor:
        """x − τ ΣK_iᴴy_i for the values x of these rows."""
        return self._pulled(x, map(self.rows.read, y), tau)

    def dual(self, ahead: Tensor, y: Sequence[Tensor], rho: float) -> tuple[Tensor, ...]:
        """ỹ_i = prox_{σ_i f_i*}(y_i + σ_i K_i x̄) with σ_i = ρ/‖K_i‖²."""
        read = self.rows.read(ahead)
        out = []
        for b, v in zip(self.blocks, y, strict=True):
            sigma = rho / b.norm**2
            moved = self.rows.of(v).add(self.rows.keep(b.K.forward(read)), alpha=sigma)
            out.append(b.f.conj_prox(moved, sigma))
        return tuple(out)

    def unmet(self, moved: Tensor, y0: Sequence[Tensor], y1: Sequence[Tensor]) -> float:
        """‖moved − ΣK_iᴴ(y_i − ỹ_i)‖² on these rows."""
        steps = (self.rows.read(v0) - self.rows.read(v1) for v0, v1 in zip(y0, y1, strict=True))
        return float(torch.linalg.vector_norm(self._pulled(self.rows.of(moved), steps, 1.0))) ** 2

    def mismatch(self, x0: Tensor, x1: Tensor, y0: Sequence[Tensor], y1: Sequence[Tensor], rho: float) -> float:
        """Σ‖(y_i − ỹ_i)‖K_i‖²/ρ − K_i(x − x̃)‖²/‖K_i‖² on these rows."""
        dx = self.rows.read(x0) - self.rows.read(x1)
        total = 0.0
        for b, v0, v1 in zip(self.blocks, y0, y1, strict=True):
            r = (self.rows.of(v0) - self.rows.of(v1)) * (b.norm**2 / rho) - self.rows.keep(b.K.forward(dx))
            total += (float(torch.linalg.vector_norm(r)) / b.norm) ** 2
        return total

    def _pulled(self, x: Tensor, read: Iterable[Tensor], tau: float) -> Tensor:
        """x − τ ΣK_iᴴy_i, of the y_i the rows that are read."""
        for b, v in zip(self.blocks, read, strict=True):
            x = x.add(self.rows.keep(b.K.adjoint(v)), alpha=-tau)
        return x


@dataclass(frozen=True, eq=False)
class Part(Blocks):
    """G and the local f_i(K_i x) on some rows."""

    G: Functional

    def value(self, x: Tensor) -> Tensor:
        """G(x) + Σ f_i(K_i x) on these rows."""
        return sum(self.values(x), start=self.G(self.rows.of(x)))

    def primal(self, x: Tensor, moved: Tensor, y: Sequence[Tensor], tau: float, theta: float) -> tuple[Tensor, Tensor]:
        """x̃ = prox_{τG}(moved − τ ΣK_iᴴy_i) and x̄ = x̃ + θ(x̃ − x)."""
        new = self.G.prox(self.pulled(self.rows.of(moved), y, tau), tau)
        return new, self.rows.of(x).lerp(new, 1 + theta)  # x + (1 + θ)(x̃ − x)


@dataclass(frozen=True, eq=False)
class Bands:
    """G(x) + Σ f_i(K_i x) in bands of rows.

    Attributes
    ----------
    near
        The bands: G and the blocks that are local.
    far
        The blocks whose operators mix distant rows, on the whole picture. Their dual variables follow those of the
        local ones.
    """

    near: tuple[Part, ...]
    far: Blocks

    @property
    def _local(self) -> int:
        return len(self.near[0].blocks)

    def value(self, x: Tensor) -> Tensor:
        first, *others = [*(part.value(x) for part in self.near), *self.far.values(x)]
        return sum(others, start=first)

    def conjugates(self, y: Sequence[Tensor]) -> list[Tensor]:
        """All f_i*(y_i), those of a local block once for every band."""
        n = self._local
        return [*(v for part in self.near for v in part.conjugates(y[:n])), *self.far.conjugates(y[n:])]

    def primal(self, x: Tensor, y: Sequence[Tensor], tau: float, theta: float) -> tuple[Tensor, Tensor]:
        """x̃ = prox_{τG}(x − τ ΣK_iᴴy_i) and x̄ = x̃ + θ(x̃ − x)."""
        n = self._local
        moved = self.far.pulled(x, y[n:], tau)
        new, ahead = sweep(self.near, lambda part: part.primal(x, moved, y[:n], tau, theta))
        return new, ahead

    def dual(self, ahead: Tensor, y: Sequence[Tensor], rho: float) -> tuple[Tensor, ...]:
        """ỹ_i = prox_{σ_i f_i*}(y_i + σ_i K_i x̄) with σ_i = ρ/‖K_i‖²."""
        n = self._local
        return (*sweep(self.near, lambda part: part.dual(ahead, y[:n], rho)), *self.far.dual(ahead, y[n:], rho))

    def residuals(
        self, before: tuple[Tensor, Sequence[Tensor]], after: tuple[Tensor, Sequence[Tensor]], tau: float, rho: float
    ) -> tuple[float, float]:
        """The norms of the primal and the dual residual of the step from (x, y) to (x̃, ỹ).

        (x − x̃)/τ − ΣK_iᴴ(y_i − ỹ_i), and (y_i − ỹ_i)/σ_i − K_i(x − x̃) times σ_i‖K_i‖/ρ = 1/‖K_i‖, so that blocks of
        every scale count alike.
        """
        (x0, y0), (x1, y1), n = before, after, self._local
        far = [a - b for a, b in zip(y0[n:], y1[n:], strict=True)]
        moved = self.far.pulled((x0 - x1) / tau, far, 1.0)
        primal = sum(part.unmet(moved, y0[:n], y1[:n]) for part in self.near)
        dual = sum(part.mismatch(x0, x1, y0[:n], y1[:n], rho) for part in self.near)
        dual += self.far.mismatch(x0, x1, y0[n:], y1[n:], rho)
        return math.sqrt(primal), math.sqrt(dual)


def local_first(blocks: Sequence[Block], x: Tensor) -> tuple[Block, ...]:
    """The blocks in the order of :class:`Bands`, for a variable like ``x``."""
    return tuple(sorted(blocks, key=lambda b: not _local(b, _height(x))))


def cut(G: Functional, blocks: tuple[Block, ...], x: Tensor) -> Bands:
    """Blocks, :func:`local_first`, in bands for a variable like ``x``; one band if G is not local, or on a GPU."""
    height = _height(x)
    local = tuple(b for b in blocks if _local(b, height))
    far = Blocks(Rows(0, height, height), blocks[len(local) :])
    count = math.ceil(x.numel() / SIZE)
    whole = Bands((Part(Rows(0, height, height), local, G),), far)
    if x.device.type != "cpu" or count <= 4 or height == 0 or not G.rowwise:
        return whole
    size = max(2, math.ceil(height / count))
    parts = []
    for start in range(0, height, size):
        rows = Rows(start, min(start + size, height), height)
        on_band = [(b, b.K.on_rows(rows.last - rows.first)) for b in local]
        blocks = tuple(Block(b.f.rows(rows.start, rows.stop, height), K, b.norm) for b, K in on_band if K is not None)
        if len(blocks) < len(local):  # an operator that is local, but not on a band so low
            return whole
        parts.append(Part(rows, blocks, G.rows(rows.start, rows.stop, height)))
    return Bands(tuple(parts), far)


def _height(x: Tensor) -> int:
    """Rows of a variable; 0 of one that has none."""
    return int(x.shape[-2]) if x.ndim >= 2 else 0


def _local(block: Block, height: int) -> bool:
    return height > 0 and block.f.rowwise and block.K.on_rows(height) is not None


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
