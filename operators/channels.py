"""Channels mixed by a matrix: colours of one camera in those of another, spectral responses, opponent colours."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape, Window


class Channels(LinearOperator):
    """(Ax)_k = Σ_c M[k, c] x_c at every pixel; Aᴴ mixes by Mᵀ, and ‖A‖ is the largest singular value of M.

    Maps pictures ``(C, H, W)`` to ``(K, H, W)``: colours of a camera to those of a screen, many bands to the few of a
    filter, red, green and blue to brightness and two differences of colours.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(C, H, W)``.
    matrix
        M, real, of shape ``(K, C)``; images of every precision, on every device, are mixed in their own.

    Raises
    ------
    InvpriorError
        If the matrix has not a column for each channel, or is not finite.

    Cost
    ----
    K·C multiplications a pixel, in both directions.
    """

    def __init__(self, shape: Iterable[int], matrix: Tensor) -> None:
        shape = image_shape("Channels", shape)
        matrix = torch.as_tensor(matrix)
        if len(shape) != 3 or matrix.ndim != 2 or matrix.shape[1] != shape[0] or not matrix.is_floating_point():
            raise InvpriorError(
                f"channels of an image (C, H, W), here {shape}, are mixed by a real matrix (K, C), got "
                f"{matrix.dtype} of shape {tuple(matrix.shape)}"
            )
        if not bool(matrix.isfinite().all()):
            raise InvpriorError("the matrix that mixes channels holds NaN or infinite values")
        super().__init__(shape, (matrix.shape[0], *shape[-2:]))
        self.rows: list[list[float]] = matrix.tolist()  # no buffer, which would hold images to one precision

    @property
    def matrix(self) -> Tensor:
        """M, (K, C), float64."""
        return torch.tensor(self.rows, dtype=torch.float64)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Channels:
        generator = torch.Generator().manual_seed(rng.getrandbits(31))
        return cls(shape, torch.randn(rng.randint(1, 4), shape[0], generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("kc,...chw->...khw", self.matrix.to(x), x)

    def adjoint(self, y: Tensor) -> Tensor:
        return torch.einsum("kc,...khw->...chw", self.matrix.to(y), y)

    def on_window(self, window: Window) -> tuple[Channels, Window] | None:
        return Channels((self.in_shape[0], window.height, window.width), self.matrix), window

    def norm(self) -> float:
        return float(torch.linalg.matrix_norm(self.matrix, 2))

    def extra_repr(self) -> str:
        return f"{self.in_shape}, matrix=({self.out_shape[0]}, {self.in_shape[0]})"
