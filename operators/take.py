"""One picture of several."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape


class Take(LinearOperator):
    """Ax = x[index] along the first axis: one frame of a video, one exposure of two.

    Maps ``(K, *picture)`` to ``picture``. The adjoint fills the others with zeros; AAᴴ = I and the norm is 1.

    Parameters
    ----------
    shape
        Event shape of the pictures, K in front.
    index
        The picture to take, from 0 to K − 1.

    Raises
    ------
    InvpriorError
        If the index is out of range, or the shape has only one axis.

    Cost
    ----
    A view: no copy. The adjoint writes all K pictures.
    """

    def __init__(self, shape: Iterable[int], index: int) -> None:
        shape = tuple(shape)
        if len(shape) < 2 or not 0 <= index < shape[0]:
            raise InvpriorError(f"there is no picture number {index} in pictures of shape {shape}; they count from 0")
        super().__init__(shape, shape[1:])
        self.index = index

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Take:
        frames = rng.randint(1, 3)
        return cls((frames, *shape), rng.randrange(frames))

    def forward(self, x: Tensor) -> Tensor:
        return x.select(-len(self.in_shape), self.index)

    def adjoint(self, y: Tensor) -> Tensor:
        axis = y.ndim - len(self.out_shape)
        out = torch.zeros(*y.shape[:axis], *self.in_shape, dtype=y.dtype, device=y.device)
        return out.select_scatter(y, axis, self.index)

    def norm(self) -> float:
        return 1.0

    def extra_repr(self) -> str:
        return f"{self.in_shape}, index={self.index}"
