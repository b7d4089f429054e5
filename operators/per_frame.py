"""An image operator applied to every frame of a video."""

from __future__ import annotations

from random import Random
from typing import Any

from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.operators.mask import Mask
from invprior.shapes import Shape, Window


class AnyPerFrame(Operator):
    """A(x)[t] = B(x[t]) for each of T frames; what ``PerFrame`` gives where B is not linear."""

    def __init__(self, operator: Operator, frames: int) -> None:
        if not isinstance(operator, Operator):
            raise InvpriorError(f"PerFrame takes an operator on images, got {shown(operator)}")
        if not isinstance(frames, int) or frames < 1:
            raise InvpriorError(f"a video has at least one frame, got {shown(frames)}")
        super().__init__((frames, *operator.in_shape), (frames, *operator.out_shape))
        self.in_complex, self.out_complex = operator.in_complex, operator.out_complex
        self.operator, self.frames = operator, frames

    def forward(self, x: Tensor) -> Tensor:
        return self.operator(x)  # the frames are a batch

    def start(self, y: Tensor) -> Tensor | None:
        return self.operator.start(y)

    def __repr__(self) -> str:
        return f"PerFrame({self.operator!r}, frames={self.frames})"


class PerFrame(AnyPerFrame, LinearOperator):
    """(Ax)[t] = B x[t] for each of T frames, (Aᴴy)[t] = Bᴴ y[t]; ‖A‖ = ‖B‖.

    Maps ``(T, *B.in_shape)`` to ``(T, *B.out_shape)``. If B is not linear, neither is A: an :class:`~invprior.Operator`
    without the adjoint.

    Parameters
    ----------
    operator
        B, an operator on one frame.
    frames
        The number of frames T ≥ 1.

    Raises
    ------
    InvpriorError
        If there is no operator or no frame.

    Cost
    ----
    T times that of B, in one call with the frames as a batch.
    """

    operator: LinearOperator

    def __new__(cls, operator: Operator, frames: int) -> Any:
        return super().__new__(cls) if isinstance(operator, LinearOperator) else AnyPerFrame(operator, frames)

    def __getnewargs__(self) -> tuple[Operator, int]:
        return self.operator, self.frames  # for copies

    def __init__(self, operator: Operator, frames: int) -> None:
        super().__init__(operator, frames)

    def start(self, y: Tensor) -> Tensor:
        return LinearOperator.start(self, y)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> PerFrame:
        return cls(Mask.example(shape, rng), rng.randint(1, 3))

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
