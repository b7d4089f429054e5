"""Forward differences, the gradient in TV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape


class FiniteDifference(LinearOperator):
    """(Dx)_k[i] = w_k (x[i + e_k] − x[i]) along the k-th of ``axes``, 0 past the border (Neumann).

    Maps ``(*shape)`` to ``(K, *shape)``. The adjoint is minus the divergence,

        (Dᴴp)[i] = Σ_k w_k (p_k[i − e_k] − p_k[i])

    with p_k taken as 0 outside and on the last row; the norm is √Σ_k w_k²(2 − 2cos(π(n_k − 1)/n_k)), exact since the
    DCT diagonalises DᴴD.

    Parameters
    ----------
    shape
        Event shape of the image.
    axes
        Axes of the event shape, negative or positive.
    weights
        One w_k per axis; None means all 1.

    Raises
    ------
    InvpriorError
        If an axis is outside ``shape`` or named twice, or the numbers of weights and axes differ.

    Cost
    ----
    One subtraction per value and axis. It writes K values for each one that it reads, the adjoint the reverse.

    References
    ----------
    - Chambolle, "An algorithm for total variation minimization and applications", J. Math. Imaging Vis. 20 (2004),
      section 2.
    """

    def __init__(
        self, shape: Iterable[int], axes: Sequence[int] = (-2, -1), weights: Sequence[float] | None = None
    ) -> None:
        shape = tuple(shape)
        n = len(shape)
        if any(not -n <= a < n for a in axes) or len({a % n for a in axes}) != len(axes) or not axes:
            raise InvpriorError(f"axes {tuple(axes)} must be different axes of an image of shape {shape}")
        weights = (1.0,) * len(axes) if weights is None else tuple(float(w) for w in weights)
        if len(weights) != len(axes):
            raise InvpriorError(f"{len(axes)} axes need as many weights, got {len(weights)}")
        super().__init__(shape, (len(axes), *shape))
        self.axes = tuple(a % n - n for a in axes)
        self.weights = weights

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> FiniteDifference:
        axes = rng.sample(range(len(shape)), rng.randint(1, len(shape)))
        return cls(shape, axes, [rng.choice([1.0, 0.5, 2.0]) for _ in axes])

    def forward(self, x: Tensor) -> Tensor:
        lead = x.ndim - len(self.in_shape)
        out = x.new_zeros(*x.shape[:lead], *self.out_shape)
        for k, (axis, w) in enumerate(zip(self.axes, self.weights, strict=True)):
            m = x.shape[axis] - 1
            step = x.narrow(axis, 1, m) - x.narrow(axis, 0, m)
            out.select(lead, k).narrow(axis, 0, m).copy_(step if w == 1 else w * step)
        return out

    def adjoint(self, y: Tensor) -> Tensor:
        lead = y.ndim - len(self.out_shape)
        out = torch.zeros_like(y.select(lead, 0))
        for k, (axis, w) in enumerate(zip(self.axes, self.weights, strict=True)):
            m = y.shape[axis] - 1
            p = y.select(lead, k).narrow(axis, 0, m)
            out.narrow(axis, 1, m).add_(p, alpha=w)
            out.narrow(axis, 0, m).sub_(p, alpha=w)
        return out

    def on_rows(self, height: int) -> FiniteDifference | None:
        if len(self.in_shape) < 2:
            return None
        return FiniteDifference((*self.in_shape[:-2], height, self.in_shape[-1]), self.axes, self.weights)

    def norm(self) -> float:
        sizes = (self.in_shape[a] for a in self.axes)
        return math.sqrt(
            sum(w * w * (2 - 2 * math.cos(math.pi * (n - 1) / n)) for w, n in zip(self.weights, sizes, strict=True))
        )

    def extra_repr(self) -> str:
        return f"{self.in_shape}, axes={self.axes}"
