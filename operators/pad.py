"""Padding, and the boundary rules that extend a picture beyond its border."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from random import Random
from typing import Literal, get_args

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape

Boundary = Literal["zero", "reflect", "replicate", "periodic"]


class Pad(LinearOperator):
    """(Ax)[i] = x[s(i)]: the picture with rows and columns added around it.

    Along an axis of n pixels, ``mode`` defines s(i) for i < 0 and i ≥ n:

    - ``zero``: no pixel, (Ax)[i] = 0;
    - ``reflect``: half-sample symmetric, ``c b a | a b c | c b a``, the border pixel repeated (SciPy's ``reflect``,
      NumPy's ``symmetric``);
    - ``replicate``: the border pixel, ``a a a | a b c | c c c``;
    - ``periodic``: ``a b c | a b c | a b c``.

    The padding may be longer than the picture. The adjoint sums over all copies of a pixel,
    (Aᴴy)[j] = Σ_{i: s(i) = j} y[i]. AᴴA is diagonal and counts the copies, so the norm is √(max copies), exact.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    padding
        Pixels added at ``(top, bottom, left, right)``, each ≥ 0.
    mode
        The boundary rule, one of the above.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes, the padding is not four numbers ≥ 0, or the mode is unknown.

    Cost
    ----
    One copy of the larger picture; the adjoint adds the border into the middle.
    """

    def __init__(self, shape: Iterable[int], padding: tuple[int, int, int, int], mode: Boundary = "zero") -> None:
        shape = image_shape("Pad", shape)
        if len(padding) != 4 or any(not isinstance(p, int) or p < 0 for p in padding):
            raise InvpriorError(f"padding takes four whole numbers ≥ 0 (top, bottom, left, right), got {padding!r}")
        check_boundary("mode", mode, get_args(Boundary))
        top, bottom, left, right = padding
        super().__init__(shape, (*shape[:-2], shape[-2] + top + bottom, shape[-1] + left + right))
        self.padding, self.mode = (top, bottom, left, right), mode

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Pad:
        padding = (rng.randint(0, 3), rng.randint(0, 3), rng.randint(0, 3), rng.randint(0, 3))
        return cls(shape, padding, rng.choice(get_args(Boundary)))

    def forward(self, x: Tensor) -> Tensor:
        top, bottom, left, right = self.padding
        return extend(extend(x, -2, top, bottom, self.mode), -1, left, right, self.mode)

    def adjoint(self, y: Tensor) -> Tensor:
        top, bottom, left, right = self.padding
        return fold(fold(y, -1, left, right, self.mode), -2, top, bottom, self.mode)

    def norm(self) -> float:
        top, bottom, left, right = self.padding
        sides = ((self.out_shape[-2], top, bottom), (self.out_shape[-1], left, right))
        copies = (float(fold(torch.ones(n), -1, before, after, self.mode).max()) for n, before, after in sides)
        return math.sqrt(math.prod(copies))

    def extra_repr(self) -> str:
        return f"{self.in_shape}, padding={self.padding}, mode={self.mode!r}"


def extend(x: Tensor, axis: int, before: int, after: int, mode: Boundary) -> Tensor:
    """The picture extended by ``before`` and ``after`` pixels along ``axis``, by the rules of :class:`Pad`."""
    if not (before or after):
        return x
    n = x.shape[axis]
    if mode in ("zero", "replicate"):
        first, last = x.narrow(axis, 0, 1), x.narrow(axis, n - 1, 1)
        if mode == "zero":
            first = last = torch.zeros_like(first)
        size = list(x.shape)
        size[axis] = before
        pieces = [first.expand(size), x]
        size[axis] = after
        return torch.cat([*pieces, last.expand(size)], axis)
    tiles = _tiles(n, before, after, mode)
    return torch.cat([_turned(x.narrow(axis, a, b - a), axis, flipped) for _, a, b, flipped in tiles], axis)


def fold(y: Tensor, axis: int, before: int, after: int, mode: Boundary) -> Tensor:
    """The adjoint of :func:`extend`: the added pixels are summed onto the pixels that they copy."""
    if not (before or after):
        return y
    n = y.shape[axis] - before - after
    out = y.narrow(axis, before, n).clone()
    if mode == "replicate":
        out.narrow(axis, 0, 1).add_(y.narrow(axis, 0, before).sum(axis, keepdim=True))
        out.narrow(axis, n - 1, 1).add_(y.narrow(axis, before + n, after).sum(axis, keepdim=True))
    elif mode != "zero":
        for start, a, b, flipped in _tiles(n, before, after, mode):
            if start != 0:  # the copy at 0 is the picture itself, already in ``out``
                piece = y.narrow(axis, start + before, b - a)
                out.narrow(axis, a, b - a).add_(_turned(piece, axis, flipped))
    return out


def image_shape(name: str, shape: Iterable[int]) -> Shape:
    """The shape as a tuple; raises InvpriorError if it has fewer than two axes."""
    shape = tuple(shape)
    if len(shape) < 2:
        raise InvpriorError(f"{name} needs an image of shape (..., H, W), got {shape}")
    return shape


def check_boundary(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvpriorError(f"{name} takes one of {', '.join(known)}, got {value!r}")


def _tiles(n: int, before: int, after: int, mode: Boundary) -> Iterator[tuple[int, int, int, bool]]:
    """Cut the extended axis −before … n + after into copies of the picture.

    Yields for each copy its start, the range of pixels a ≤ j < b that it holds, and True if it is mirrored.
    """
    for t in range(-before // n, -(-(n + after) // n)):
        start, stop = max(t * n, -before), min((t + 1) * n, n + after)
        a, b = start - t * n, stop - t * n
        flipped = mode == "reflect" and t % 2 == 1  # reflection mirrors every other copy
        yield (start, n - b, n - a, True) if flipped else (start, a, b, False)


def _turned(x: Tensor, axis: int, flipped: bool) -> Tensor:
    return x.flip(axis) if flipped else x
