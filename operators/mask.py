"""Missing pixels, for inpainting."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import LinearOperator


class Mask(LinearOperator):
    """Ax = m ⊙ x with m = 1 where a pixel is known and 0 where it is missing; Aᴴ = A, ‖A‖ = max |m|.

    Parameters
    ----------
    shape
        Event shape of the image, ``(C, H, W)``.
    known
        m, boolean or floating, of a shape that broadcasts to ``shape``: ``(H, W)`` masks all channels alike. A
        boolean mask works with images of every dtype; a floating one may be soft and sets the dtype.

    Raises
    ------
    InvpriorError
        If ``known`` does not broadcast to ``shape``.
    """

    known: Tensor

    def __init__(self, shape: Iterable[int], known: Tensor) -> None:
        shape = tuple(shape)
        super().__init__(shape, shape)
        known = torch.as_tensor(known)
        try:
            fits = torch.broadcast_shapes(known.shape, shape) == shape
        except RuntimeError:
            fits = False
        if not fits:
            raise InvpriorError(f"a mask of shape {tuple(known.shape)} does not fit an image of shape {shape}")
        if not (known.dtype == torch.bool or known.is_floating_point()):
            known = known != 0
        self.register_buffer("known", known)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.known

    def adjoint(self, y: Tensor) -> Tensor:
        return y * self.known

    @property
    def H(self) -> LinearOperator:
        return self

    def diagonal(self) -> Tensor:
        return self.known

    def norm(self) -> float:
        return float(self.known.abs().max()) if self.known.is_floating_point() else float(self.known.any())

    def extra_repr(self) -> str:
        return f"{self.in_shape}, known={float(self.known.to(torch.float32).mean()):.0%}"
