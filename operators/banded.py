"""Banded matrices along one axis of an image, applied as a few small dense blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigvals_banded
from torch import Tensor

BLOCK = 16  # rows per block: enough for an efficient matrix product, few enough to skip most zeros

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Banded:
    """An m × n matrix whose row i holds ``weights[i]`` from column ``starts[i]`` on; a constant, not a parameter.

    Its blocks are built in float64 and cast once per dtype and device.
    """

    n: int
    starts: NDArray[np.int64]
    weights: Weights
    _blocks: dict[Any, list[tuple[slice, slice, Tensor]]] = field(default_factory=dict, repr=False)

    @property
    def m(self) -> int:
        return len(self.starts)

    def apply(self, x: Tensor, axis: int) -> Tensor:
        """M x along ``axis``, −1 or −2."""
        out: Tensor = _Product.apply(x, self, axis, False)
        return out

    def apply_adjoint(self, y: Tensor, axis: int) -> Tensor:
        """Mᵀ y along ``axis``, −1 or −2."""
        out: Tensor = _Product.apply(y, self, axis, True)
        return out

    def inside(self, first: int, last: int) -> tuple[int, int]:
        """The range of rows, end exclusive, whose nonzero entries all lie in columns ``first`` to ``last`` − 1."""
        nonzero = self.weights != 0
        taps = nonzero.shape[1]
        # columns of each row's first nonzero entry and after its last one
        begin = self.starts + np.where(nonzero.any(axis=1), nonzero.argmax(axis=1), 0)
        end = self.starts + np.where(nonzero.any(axis=1), taps - nonzero[:, ::-1].argmax(axis=1), 1)
        rows = np.flatnonzero((begin >= first) & (end <= last))
        return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)

    def part(self, top: int, bottom: int, first: int, last: int) -> Banded:
        """Rows ``top`` to ``bottom`` − 1, cut to the columns ``first`` to ``last`` − 1 that hold all their entries."""
        taps = min(self.weights.shape[1], last - first)
        starts = self.starts[top:bottom] - first
        # a row of taps must fit into the cut columns: shift its start, and its entries the other way
        shifted = np.clip(starts, 0, last - first - taps)
        entry = (shifted - starts)[:, None] + np.arange(taps)
        valid = (entry >= 0) & (entry < self.weights.shape[1])
        weights = np.take_along_axis(self.weights[top:bottom], np.clip(entry, 0, self.weights.shape[1] - 1), axis=1)
        return Banded(last - first, shifted, np.where(valid, weights, 0.0))

    def norm(self) -> float:
        """The largest singular value, from the banded matrix M Mᵀ."""
        taps = self.weights.shape[1]
        dense_rows = [np.zeros(self.n + taps) for _ in range(self.m)]
        for row, s, w in zip(dense_rows, self.starts, self.weights, strict=True):
            row[s : s + taps] = w
        # M Mᵀ is banded: rows more than ``reach`` apart share no column
        reach = 0
        while reach + 1 < self.m and any(
            self.starts[i + reach + 1] < self.starts[i] + taps for i in range(self.m - reach - 1)
        ):
            reach += 1
        band = np.zeros((reach + 1, self.m))
        for k in range(reach + 1):
            for i in range(self.m - k):
                band[k, i] = dense_rows[i] @ dense_rows[i + k]
        # all eigenvalues: LAPACK's search for the largest alone (sbevx) fails to converge on some small matrices
        top = eigvals_banded(band, lower=True).max()
        return math.sqrt(max(float(top), 0.0))

    def blocks(self, like: Tensor, transposed: bool) -> list[tuple[slice, slice, Tensor]]:
        """The matrix or its transpose as a list of (row slice, column slice, dense block)."""
        key = (like.dtype, like.device, transposed)
        if key not in self._blocks:
            self._blocks[key] = self._make_blocks(like, transposed)
        return self._blocks[key]

    def _make_blocks(self, like: Tensor, transposed: bool) -> list[tuple[slice, slice, Tensor]]:
        taps = self.weights.shape[1]
        rows = np.repeat(np.arange(self.m), taps)
        cols = (self.starts[:, None] + np.arange(taps)).ravel()
        vals = self.weights.ravel()
        nonzero = vals != 0
        rows, cols, vals = rows[nonzero], cols[nonzero], vals[nonzero]
        if transposed:
            rows, cols = cols, rows
        total = self.n if transposed else self.m
        # the transpose gets as many blocks as the matrix, so that both products do the same work
        height = max(1, math.ceil(BLOCK * total / self.m))
        out = []
        for top in range(0, total, height):
            bottom = min(top + height, total)
            inside = (rows >= top) & (rows < bottom)
            first, last = (int(cols[inside].min()), int(cols[inside].max())) if inside.any() else (0, 0)
            block = np.zeros((bottom - top, last - first + 1))
            block[rows[inside] - top, cols[inside] - first] = vals[inside]
            dense = torch.from_numpy(block).to(device=like.device, dtype=like.dtype)
            out.append((slice(top, bottom), slice(first, last + 1), dense))
        return out

    def _product(self, x: Tensor, axis: int, transposed: bool) -> Tensor:
        shape = list(x.shape)
        shape[axis] = self.n if transposed else self.m
        out = x.new_empty(shape)
        for rows, cols, block in self.blocks(x, transposed):
            if axis == -2:
                out[..., rows, :] = block @ x[..., cols, :]
            else:
                out[..., rows] = x[..., cols] @ block.T
        return out


class _Product(torch.autograd.Function):
    """The product with its adjoint as derivative; autograd through the slices would allocate a picture per block."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, matrix: Banded, axis: int, transposed: bool) -> Tensor:
        return matrix._product(x, axis, transposed)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.settings = inputs[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        matrix, axis, transposed = ctx.settings
        out: Tensor = _Product.apply(grads[0], matrix, axis, not transposed)
        return out, None, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        matrix, axis, transposed = ctx.settings
        out: Tensor = _Product.apply(tangents[0], matrix, axis, transposed)
        return out


# torch asks for the signature of ``forward`` at every call: a stored one saves a fifth of a step on small pictures.
_Product.forward.__signature__ = signature(_Product.forward)  # type: ignore[attr-defined]
