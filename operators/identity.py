"""The identity, for denoising."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.shapes import Window


class Identity(LinearOperator):
    """Ax = x; its adjoint is itself and its norm 1. A composition drops it.

    Parameters
    ----------
    shape
        Event shape of the image.

    Cost
    ----
    None: x itself is returned.
    """

    is_identity: ClassVar[bool] = True

    def __init__(self, shape: Iterable[int]) -> None:
        shape = tuple(shape)
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x

    def adjoint(self, y: Tensor) -> Tensor:
        return y

    @property
    def H(self) -> LinearOperator:
        return self

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        return y

    def diagonal(self) -> Tensor:
        return torch.ones(())

    def on_rows(self, height: int) -> Identity | None:
        return None if len(self.in_shape) < 2 else Identity((*self.in_shape[:-2], height, self.in_shape[-1]))

    def on_window(self, window: Window) -> tuple[Identity, Window] | None:
        if len(self.in_shape) < 2:
            return None
        return Identity((*self.in_shape[:-2], window.height, window.width)), window

    @property
    def is_selection(self) -> bool:
        return True

    def norm(self) -> float:
        return 1.0
