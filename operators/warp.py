"""Motion by a flow field, for video and registration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Literal, get_args

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape, own

Interpolation = Literal["bilinear", "bicubic"]


class Warp(LinearOperator):
    """(Ax)[i] = x(i + flow[i]): the picture read at displaced positions.

    x is interpolated between pixels by a separable kernel, and its border is replicated: positions, and the
    neighbours that the kernel reads, are clamped to the centres of the border pixels. So

        (Ax)[i] = Σ_t w_t(i) x[j_t(i)],   (Aᴴy)[j] = Σ_{i, t: j_t(i) = j} w_t(i) y[i],

    with 4 neighbours j_t for ``bilinear`` and 16 for ``bicubic``; the adjoint scatters with the same weights, so it
    is exact. Both kernels reproduce a linear ramp wherever all neighbours lie inside. The norm is computed by the
    Lanczos process.

    Parameters
    ----------
    shape
        Event shape of the picture, ``(..., H, W)``; all channels move alike.
    flow
        Displacement in pixels, floating, of shape ``(2, H, W)``: vertical, then horizontal. It points from a pixel of
        the result to the position where x is read. It sets the dtype.
    interpolation
        ``bilinear``, or ``bicubic`` for Keys' kernel with a = −½.

    Raises
    ------
    InvpriorError
        If the flow does not fit the picture or is not finite, or the interpolation is unknown.

    Cost
    ----
    4 or 16 multiplications per value; the adjoint scatters as many. Indices and weights are cached, 12 bytes per
    pixel and neighbour in float32.

    References
    ----------
    - Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29 (1981), eq. 15.
    """

    flow: Tensor

    def __init__(self, shape: Iterable[int], flow: Tensor, interpolation: Interpolation = "bilinear") -> None:
        shape = image_shape("Warp", shape)
        flow = own(flow)
        if tuple(flow.shape) != (2, *shape[-2:]) or not flow.is_floating_point():
            raise InvpriorError(
                f"the flow for {shape} is a floating tensor of shape {(2, *shape[-2:])}, "
                f"got {flow.dtype} of shape {tuple(flow.shape)}"
            )
        if not bool(flow.isfinite().all()):
            raise InvpriorError("the flow has NaN or infinite displacements; replace them first")
        if interpolation not in get_args(Interpolation):
            raise InvpriorError(f"interpolation takes bilinear or bicubic, got {interpolation!r}")
        super().__init__(shape, shape)
        self.interpolation = interpolation
        self.register_buffer("flow", flow)
        self._known: dict[tuple[torch.dtype, torch.device, int, int], list[tuple[Tensor, Tensor]]] = {}

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Warp:
        generator = torch.Generator().manual_seed(rng.getrandbits(31))
        flow = rng.choice([0.3, 2.0]) * torch.randn(2, *shape[-2:], generator=generator)
        return cls(shape, flow, rng.choice(get_args(Interpolation)))

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.flatten(-2)
        out = torch.zeros_like(pixels)
        for index, weight in self._neighbours():
            out.addcmul_(weight, pixels.index_select(-1, index))
        return out.reshape(x.shape)

    def adjoint(self, y: Tensor) -> Tensor:
        pixels = y.flatten(-2)
        out = torch.zeros_like(pixels)
        for index, weight in self._neighbours():
            out.scatter_add_(-1, index.expand_as(pixels), weight * pixels)
        return out.reshape(y.shape)

    def _neighbours(self) -> list[tuple[Tensor, Tensor]]:
        """For each neighbour, its index into the flattened picture and its weight, both of shape (H·W,).

        Computed once and cached, 12 bytes each in float32: computing them takes several times as long as using them.
        """
        # the version counts changes in place, load_state_dict among them
        key = self.flow.dtype, self.flow.device, self.flow.data_ptr(), self.flow._version
        if key not in self._known:
            self._known = {key: list(self._find())}
        return self._known[key]

    def _find(self) -> Iterator[tuple[Tensor, Tensor]]:
        H, W = self.in_shape[-2:]
        row_position = torch.arange(H, device=self.flow.device)[:, None] + self.flow[0]
        column_position = torch.arange(W, device=self.flow.device) + self.flow[1]
        columns = list(_taps(column_position.flatten(), W, self.interpolation))
        for row, vertical in _taps(row_position.flatten(), H, self.interpolation):
            for column, horizontal in columns:
                yield row * W + column, vertical * horizontal

    def extra_repr(self) -> str:
        return f"{self.in_shape}, interpolation={self.interpolation!r}"


def _taps(position: Tensor, n: int, interpolation: Interpolation) -> Iterator[tuple[Tensor, Tensor]]:
    """The neighbours of each position on an axis of n pixels, as pairs (pixel, weight)."""
    position = position.clamp(0, n - 1)
    base = position.floor()
    f = position - base
    if interpolation == "bilinear":
        weights, first = [1 - f, f], 0
    else:
        # Keys' cubic with a = −½ at the distances 1 + f, f, 1 − f and 2 − f
        weights, first = (
            [
                f * (-0.5 + f * (1 - 0.5 * f)),
                1 + f * f * (1.5 * f - 2.5),
                f * (0.5 + f * (2 - 1.5 * f)),
                f * f * (0.5 * f - 0.5),
            ],
            -1,
        )
    for k, weight in enumerate(weights):
        yield (base.long() + first + k).clamp(0, n - 1), weight
