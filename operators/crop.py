"""A part of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from torch import Tensor
from torch.nn import functional as F

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape


class Crop(LinearOperator):
    """(Ax)[i, j] = x[top + i, left + j] for 0 ≤ i < height, 0 ≤ j < width.

    The adjoint puts y back in its place with zeros around it; AAᴴ = I and the norm is 1.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``.
    top, left
        The first row and column kept, ≥ 0.
    height, width
        Rows and columns kept, ≥ 1.

    Raises
    ------
    InvpriorError
        If the shape has fewer than two axes, or the window is empty or leaves the picture.

    Cost
    ----
    A view: no copy. The adjoint writes the whole picture once.
    """

    def __init__(self, shape: Iterable[int], top: int, left: int, height: int, width: int) -> None:
        shape = image_shape("Crop", shape)
        H, W = shape[-2:]
        if not (0 <= top < top + height <= H and 0 <= left < left + width <= W):
            raise InvpriorError(
                f"rows {top} to {top + height} and columns {left} to {left + width} "
                f"must be a window inside a picture of {H} rows and {W} columns"
            )
        super().__init__(shape, (*shape[:-2], height, width))
        self.top, self.left, self.height, self.width = top, left, height, width

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Crop:
        shape = image_shape("Crop", shape)
        height, width = rng.randint(1, shape[-2]), rng.randint(1, shape[-1])
        return cls(shape, rng.randint(0, shape[-2] - height), rng.randint(0, shape[-1] - width), height, width)

    def forward(self, x: Tensor) -> Tensor:
        return x[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def adjoint(self, y: Tensor) -> Tensor:
        H, W = self.in_shape[-2:]
        right, bottom = W - self.left - self.width, H - self.top - self.height
        return F.pad(y, (self.left, right, self.top, bottom))

    def norm(self) -> float:
        return 1.0

    def extra_repr(self) -> str:
        return f"{self.in_shape}, top={self.top}, left={self.left}, height={self.height}, width={self.width}"
