"""The colour filters of a sensor, which let one colour through to each pixel."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape, Window

COLOURS = "RGB"
KNOWN = ("RGGB", "BGGR", "GRBG", "GBRG")


class Bayer(LinearOperator):
    """(Ax)[i, j] = x[c(i, j), i, j] with the colour c of the filter before pixel (i, j); AAᴴ = I and ‖A‖ = 1.

    Maps a picture ``(3, H, W)`` of red, green and blue to the values ``(1, H, W)`` of a sensor behind a colour filter
    array. The adjoint puts each value into its colour and zero into the other two.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(3, H, W)``.
    pattern
        The filters of the first rows, from left to right and repeated over the sensor: ``RGGB`` for the two rows
        ``RG/GB``, or any number of equally long rows with a slash between them.

    Raises
    ------
    InvpriorError
        If the picture has not three channels, or the pattern is none.

    Cost
    ----
    One copy of a third of the values, in both directions.

    References
    ----------
    - Bayer, "Color imaging array", US patent 3,971,065 (1976).
    """

    def __init__(self, shape: Iterable[int], pattern: str = "RGGB") -> None:
        shape = image_shape("Bayer", shape)
        if len(shape) != 3 or shape[0] != len(COLOURS):
            raise InvpriorError(f"a colour filter array sees red, green and blue, got an image of shape {shape}")
        super().__init__(shape, (1, *shape[-2:]))
        self.rows = _rows(pattern)

    @property
    def pattern(self) -> str:
        """The filters, row after row."""
        return "/".join(self.rows)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Bayer:
        height, width = rng.choice([(2, 2), (3, 2), (1, 3)])
        rows = ["".join(rng.choice(COLOURS) for _ in range(width)) for _ in range(height)]
        pattern = rng.choice([*KNOWN, "/".join(rows)])
        return cls((len(COLOURS), *shape[-2:]), pattern)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.empty_like(x[..., :1, :, :])
        for c, rows, columns in self._cells():
            y[..., 0, rows, columns] = x[..., c, rows, columns]
        return y

    def adjoint(self, y: Tensor) -> Tensor:
        x = y.new_zeros(*y.shape[:-3], *self.in_shape)
        for c, rows, columns in self._cells():
            x[..., c, rows, columns] = y[..., 0, rows, columns]
        return x

    def on_window(self, window: Window) -> tuple[Bayer, Window] | None:
        top, left = window.top % len(self.rows), window.left % len(self.rows[0])
        rows = [row[left:] + row[:left] for row in (*self.rows[top:], *self.rows[:top])]
        return Bayer((*self.in_shape[:1], window.height, window.width), "/".join(rows)), window

    def norm(self) -> float:
        return 1.0

    def extra_repr(self) -> str:
        return f"{self.in_shape}, pattern={self.pattern!r}"

    def _cells(self) -> Iterable[tuple[int, slice, slice]]:
        """Of every filter of the pattern the colour, and the rows and columns at which it is repeated."""
        height, width = len(self.rows), len(self.rows[0])
        for i, row in enumerate(self.rows):
            for j, name in enumerate(row):
                yield COLOURS.index(name), slice(i, None, height), slice(j, None, width)


def _rows(pattern: str) -> tuple[str, ...]:
    rows = tuple(pattern.split("/"))
    if len(rows) == 1 and len(pattern) == 4:
        rows = (pattern[:2], pattern[2:])
    if not all(rows) or len({len(row) for row in rows}) != 1 or set(pattern) - {*COLOURS, "/"}:
        raise InvpriorError(
            f"the pattern of a colour filter array is four letters such as RGGB, or equally long rows of R, G and B "
            f"with a slash between them, got {pattern!r}"
        )
    return rows
