"""The same values in another shape."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape


class Reshape(LinearOperator):
    """Ax holds the values of x in the same order in another shape; Aᴴ = A⁻¹ and the norm is 1.

    Parameters
    ----------
    shape
        Event shape of x.
    out_shape
        Event shape of Ax, with as many values.

    Raises
    ------
    InvpriorError
        If the two shapes hold different numbers of values.

    Cost
    ----
    None if x is contiguous in memory, else one copy.
    """

    def __init__(self, shape: Iterable[int], out_shape: Iterable[int]) -> None:
        super().__init__(shape, out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise InvpriorError(f"values of shape {self.in_shape} cannot take the shape {self.out_shape}")

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Reshape:
        cut = rng.randint(0, len(shape) - 1)
        return cls(shape, (math.prod(shape[: cut + 1]), *shape[cut + 1 :]))

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[: x.ndim - len(self.in_shape)], *self.out_shape)

    def adjoint(self, y: Tensor) -> Tensor:
        return y.reshape(*y.shape[: y.ndim - len(self.out_shape)], *self.in_shape)

    @property
    def H(self) -> LinearOperator:
        return Reshape(self.out_shape, self.in_shape)

    @property
    def is_selection(self) -> bool:
        return True

    def norm(self) -> float:
        return 1.0

    def extra_repr(self) -> str:
        return f"{self.in_shape}, {self.out_shape}"
