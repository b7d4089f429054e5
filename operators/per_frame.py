"""An image operator applied to every frame of a video."""

from __future__ import annotations

from random import Random

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.mask import Mask
from invprior.shapes import Shape, Window


class PerFrame(LinearOperator):
    """(Ax)[t] = B x[t] for each of T frames, (Aᴴy)[t] = Bᴴ y[t]; ‖A‖ = ‖B‖.

    Maps ``(T, *B.in_shape)`` to ``(T, *B.out_shape)``.

    Parameters
    ----------
    operator
        B, a linear operator on one frame.
    frames
        The number of frames T ≥ 1.

    Raises
    ------
    InvpriorError
        If the operator is not linear or there is no frame.

    Cost
    ----
    T times that of B, in one call with the frames as a batch.
    """

    def __init__(self, operator: LinearOperator, frames: int) -> None:
        if not isinstance(operator, LinearOperator):
            raise InvpriorError(f"PerFrame takes a linear operator on images, got {operator!r}")
        if frames < 1:
            raise InvpriorError(f"a video has at least one frame, got {frames}")
        super().__init__((frames, *operator.in_shape), (frames, *operator.out_shape))
        self.in_complex, self.out_complex = operator.in_complex, operator.out_complex
        self.operator, self.frames = operator, frames

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> PerFrame:
        return cls(Mask.example(shape, rng), rng.randint(1, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.operator(x)  # the frames are a batch

    def adjoint(self, y: Tensor) -> Tensor:
        return self.operator.adjoint(y)

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        part = self.operator.on_window(window)
        return None if part is None else (PerFrame(part[0], self.frames), part[1])

    @property
    def period(self) -> int:
        return self.operator.period

    @property
    def reach(self) -> int:
        return self.operator.reach

    def diagonal(self) -> Tensor | None:
        return self.operator.diagonal()

    def norm(self) -> float:
        return self.operator.norm()

    def __repr__(self) -> str:
        return f"PerFrame({self.operator!r}, frames={self.frames})"
