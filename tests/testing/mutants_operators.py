"""Planted bugs of operators, each with the law that must catch it; others may catch it too."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from invprior import InvpriorError, LinearOperator
from invprior.operators import FiniteDifference, Lanczos
from invprior.operators.banded import Banded
from invprior.shapes import Shape, Window


class Square(LinearOperator):
    """A base for operators from (C, H, W) to itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)


class ScaledAdjoint(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)

    def adjoint(self, y: Tensor) -> Tensor:
        return 1.001 * y.flip(-1).cumsum(-1).flip(-1)


def half_a_pixel_left(M: Banded) -> Banded:
    """The mean of a resampling matrix and itself moved by one pixel."""
    if M.weights.shape[1] >= M.n:
        raise InvpriorError("too small")
    padded = np.pad(M.weights, ((0, 0), (1, 1)))
    return Banded(M.n, np.clip(M.starts - 1, 0, M.n - padded.shape[1] + 1), 0.5 * (padded[:, 1:] + padded[:, :-1]))


class HalfPixel(Lanczos):
    """Samples sit at factor·k instead of at the centres of their shares."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, factor=2)
        self._rows, self._cols = half_a_pixel_left(self._rows), half_a_pixel_left(self._cols)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> HalfPixel:
        if min(shape[-2:]) < 2:
            raise InvpriorError("too small")
        return cls(shape)


class NoBoundaryTerm(FiniteDifference):
    def adjoint(self, y: Tensor) -> Tensor:
        lead = y.ndim - len(self.out_shape)
        out = torch.zeros_like(y.select(lead, 0))
        for k, axis in enumerate(self.axes):
            p = y.select(lead, k)
            out = out - p + p.roll(1, axis)
        return out

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> NoBoundaryTerm:
        return cls(shape)


class Remembers(Square):
    """Warm-starts from the last call."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.last: Tensor | float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        out = x + 1e-6 * self.last
        self.last = x.detach().sum()
        return out

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class DropsDtype(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.float()


class SinglePrecisionInside(Square):
    def forward(self, x: Tensor) -> Tensor:
        return (x.float() / 3).to(x.dtype)


class LeavesBuffer(Square):
    """Holds its weights as a plain attribute."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.weight = torch.linspace(1, 2, shape[-1], dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.to(x.dtype)


class BroadcastsBatch(Square):
    """Takes the first axis for the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(0, keepdim=True)


class ReachesFar(LinearOperator):
    """x[i + 3] − x[i] along the rows, declared local."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        out = 0 * x
        if x.ndim > 1 and x.shape[-2] > 3:
            out[..., :-3, :] = x[..., 3:, :] - x[..., :-3, :]
        return out

    def on_rows(self, height: int) -> ReachesFar | None:
        return None if len(self.in_shape) < 2 else ReachesFar((*self.in_shape[:-2], height, self.in_shape[-1]))


class SeesTooLittle(Square):
    """x[i] + x[i + 1] along the columns, said to be all there is to a window."""

    def forward(self, x: Tensor) -> Tensor:
        return x + F.pad(x[..., 1:], (0, 1))

    def on_window(self, window: Window) -> tuple[SeesTooLittle, Window]:
        return SeesTooLittle((*self.in_shape[:-2], window.height, window.width)), window


class SlightlyQuadratic(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1e-3 * x.square()

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class Affine(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1e-4

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class ModifiesInput(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(2.0) if not x.requires_grad else x * 2.0

    def adjoint(self, y: Tensor) -> Tensor:
        return 2.0 * y


class WrongShape(LinearOperator):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (*shape[:-1], shape[-1] + 1))

    def forward(self, x: Tensor) -> Tensor:
        return x

    def adjoint(self, y: Tensor) -> Tensor:
        return y[..., :-1]


class NormTooSmall(FiniteDifference):
    """√8 is the bound for large images; this says √7.8."""

    def norm(self) -> float:
        return 0.987 * super().norm()

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> NormTooSmall:
        return cls(shape)


class NotConjugated(Square):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.in_complex = self.out_complex = True

    def forward(self, x: Tensor) -> Tensor:
        return x * 1j

    def adjoint(self, y: Tensor) -> Tensor:
        return y * 1j


class NeedsContiguous(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1).flip(0).view(x.shape) if x.ndim == 3 else torch.stack([self.forward(v) for v in x])


class AcceptsAnything(Square):
    def __call__(self, x: Tensor) -> Tensor:
        return 2 * x

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


class Dropout(Square):
    """Drops pixels at random."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand(x.shape[-2:]) > 0.1)

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class Detached(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach().clone() + 0 * x

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class EvenSizesOnly(LinearOperator):
    """Drops every second column; the adjoint is right for even widths."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (*shape[:-1], (shape[-1] + 1) // 2))

    def forward(self, x: Tensor) -> Tensor:
        return x[..., ::2]

    def adjoint(self, y: Tensor) -> Tensor:
        out = y.new_zeros(*y.shape[:-1], self.in_shape[-1])
        m = self.in_shape[-1] // 2
        out[..., : 2 * m : 2] = y[..., :m]
        return out


class ConvolvesBack(Square):
    """The adjoint convolves where it should correlate."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.5 * x.roll(1, -1)

    def adjoint(self, y: Tensor) -> Tensor:
        return y + 0.5 * y.roll(1, -1)


class WrongGram(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)

    @property
    def gram(self) -> LinearOperator:
        return self @ self


OPERATORS: dict[type[Any], str] = {
    ScaledAdjoint: "adjoint",
    HalfPixel: "geometry",
    NoBoundaryTerm: "adjoint",
    Remembers: "purity",
    DropsDtype: "dtype",
    SinglePrecisionInside: "linearity",
    LeavesBuffer: "movable",
    BroadcastsBatch: "batch",
    SlightlyQuadratic: "linearity",
    Affine: "linearity",
    ModifiesInput: "purity",
    WrongShape: "shape",
    NormTooSmall: "norm",
    NotConjugated: "adjoint",
    NeedsContiguous: "strides",
    AcceptsAnything: "refusals",
    Dropout: "purity",
    Detached: "vjp",
    EvenSizesOnly: "adjoint",
    ConvolvesBack: "adjoint",
    WrongGram: "gram",
    ReachesFar: "rows",
    SeesTooLittle: "window",
}
