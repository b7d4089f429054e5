"""Separable resampling of rows and columns, from which decimations are built."""

from __future__ import annotations

from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.operators.banded import Banded
from invprior.shapes import Shape, Window


class Resampling(LinearOperator):
    """Ax = R x Cᵀ on the last two axes, with banded matrices R for the rows and C for the columns; Aᴴy = Rᵀ y C.

    The norm is ‖R‖ ‖C‖.

    Parameters
    ----------
    lead
        The axes before height and width.
    rows, cols
        R and C.
    """

    def __init__(self, lead: Shape, rows: Banded, cols: Banded) -> None:
        super().__init__((*lead, rows.n, cols.n), (*lead, rows.m, cols.m))
        self._rows, self._cols = rows, cols

    def forward(self, x: Tensor) -> Tensor:
        return self._cols.apply(self._rows.apply(x, -2), -1)

    def adjoint(self, y: Tensor) -> Tensor:
        return self._rows.apply_adjoint(self._cols.apply_adjoint(y, -1), -2)

    def norm(self) -> float:
        return self._rows.norm() * self._cols.norm()

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        top, bottom = self._rows.inside(window.top, window.bottom)
        left, right = self._cols.inside(window.left, window.right)
        if bottom <= top or right <= left:
            return None
        rows = self._rows.part(top, bottom, window.top, window.bottom)
        cols = self._cols.part(left, right, window.left, window.right)
        return Resampling(self.in_shape[:-2], rows, cols), Window(top, bottom, left, right)

    def extra_repr(self) -> str:
        return f"{self.in_shape} to {self.out_shape}"
