"""Sensor clipping, a nonlinear measurement."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import Operator
from invprior.shapes import Shape


class Saturate(Operator):
    """A(x) = min(x, level), pixel by pixel: brighter values than the sensor can hold read as ``level``.

    A is nonlinear; its derivative is 1 up to the level and 0 above. Real pictures only.

    Parameters
    ----------
    shape
        Event shape of the picture.
    level
        The largest reading, finite, in units of the picture.

    Raises
    ------
    InvpriorError
        If the level is not finite.

    Cost
    ----
    One comparison per value.
    """

    in_complex = False
    out_complex = False

    def __init__(self, shape: Iterable[int], level: float = 1.0) -> None:
        if not math.isfinite(level):
            raise InvpriorError(f"the level must be a finite number, got {level}")
        shape = tuple(shape)
        super().__init__(shape, shape)
        self.level = float(level)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Saturate:
        return cls(shape, rng.choice([0.25, 0.5, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(max=self.level)

    def start(self, y: Tensor) -> Tensor:
        return y

    def extra_repr(self) -> str:
        return f"{self.in_shape}, level={self.level:g}"
