"""Time differences along the motion, for the total variation of a film."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.warp import Interpolation, Warp
from invprior.shapes import Shape


class MotionDifference(LinearOperator):
    """(Dx)[t] = m_t ⊙ (W_t x[t+1] − x[t]) with W_t the warp along flow[t], 0 at the last frame.

    Dx is 0 at a point that follows the flow and keeps its colour (Werlberger et al. 2011). m_t is 0 where the flow
    leads out of the picture and 1 elsewhere. The adjoint is

        (Dᴴp)[t] = W_{t−1}ᴴ (m_{t−1} ⊙ p[t−1]) − m_t ⊙ p[t];

    the norm is computed by the Lanczos process, and ``bound`` is a quick upper bound.

    Parameters
    ----------
    shape
        Event shape of the film, ``(T, ..., H, W)``.
    flow
        Displacement in pixels of each frame's points in the next frame, of shape ``(T − 1, 2, H, W)``: vertical, then
        horizontal. It sets the dtype.
    interpolation
        Interpolation of the warps.

    Raises
    ------
    InvpriorError
        If there are fewer than two frames or the flow does not fit them.

    Cost
    ----
    That of a :class:`Warp` and a subtraction for every frame but the last.

    References
    ----------
    - Werlberger, Pock, Unger & Bischof, "Optical flow guided TV-L1 video interpolation and restoration", EMMCVPR 2011,
      the time part of the gradient in equation 2.
    """

    visible: Tensor

    def __init__(self, shape: Iterable[int], flow: Tensor, interpolation: Interpolation = "bicubic") -> None:
        shape = tuple(shape)
        if len(shape) < 3 or shape[0] < 2:
            raise InvpriorError(f"MotionDifference takes a film (T, ..., H, W) of two frames or more, got {shape}")
        flow = torch.as_tensor(flow)
        if tuple(flow.shape) != (shape[0] - 1, 2, *shape[-2:]):
            raise InvpriorError(
                f"the flow for a film of shape {shape} has shape {(shape[0] - 1, 2, *shape[-2:])}, "
                f"got {tuple(flow.shape)}"
            )
        super().__init__(shape, shape)
        self.warps = nn.ModuleList(Warp(shape[1:], f, interpolation) for f in flow)
        target = flow + torch.stack(torch.meshgrid(*(torch.arange(n) for n in shape[-2:]), indexing="ij")).to(flow)
        last = torch.tensor(shape[-2:], device=flow.device)[:, None, None] - 1
        inside = ((target >= 0) & (target <= last)).all(1)
        self.register_buffer("visible", inside.reshape(len(flow), *(1,) * (len(shape) - 3), *shape[-2:]).to(flow))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> MotionDifference:
        if len(shape) < 3 or shape[0] < 2:
            raise InvpriorError("a film has three axes and two frames")
        generator = torch.Generator().manual_seed(rng.getrandbits(31))
        flow = rng.choice([0.3, 1.5]) * torch.randn(shape[0] - 1, 2, *shape[-2:], generator=generator)
        return cls(shape, flow, rng.choice(["bilinear", "bicubic"]))

    def forward(self, x: Tensor) -> Tensor:
        axis = -len(self.in_shape)
        out = torch.zeros_like(x)
        for t, (warp, m) in enumerate(zip(self._warps, self.visible, strict=True)):
            out.select(axis, t).copy_(m * (warp.forward(x.select(axis, t + 1)) - x.select(axis, t)))
        return out

    def adjoint(self, y: Tensor) -> Tensor:
        axis = -len(self.in_shape)
        out = torch.zeros_like(y)
        for t, (warp, m) in enumerate(zip(self._warps, self.visible, strict=True)):
            masked = m * y.select(axis, t)
            out.select(axis, t).sub_(masked)
            out.select(axis, t + 1).add_(warp.adjoint(masked))
        return out

    @property
    def _warps(self) -> list[Warp]:
        return [w for w in self.warps if isinstance(w, Warp)]

    def bound(self) -> float:
        """√(‖D‖₁‖D‖_∞) ≥ ‖D‖ (Schur), from the absolute row and column sums."""
        rows = columns = 0.0
        from_previous: Tensor | float = 0.0  # column sums of the warp that reads this frame
        for t, warp in enumerate(self._warps):
            m = self.visible[t].flatten()
            row_sums, column_sums = torch.zeros_like(m), torch.zeros_like(m)
            for index, weight in warp._neighbours():
                row_sums += weight.abs()
                column_sums.scatter_add_(0, index, weight.abs() * m)
            rows = max(rows, float((m * (1 + row_sums)).max()))
            columns = max(columns, float((from_previous + m).max()))
            from_previous = column_sums
        columns = max(columns, float(torch.as_tensor(from_previous).max()))
        return math.sqrt(rows * columns)

    def extra_repr(self) -> str:
        return f"{self.in_shape}"
