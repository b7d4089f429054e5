"""Projection of a vector field away from given directions, for directional TV."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape


class Directional(LinearOperator):
    """(Pp)_i = p_i − ξ_i ⟨ξ_i, p_i⟩ for vectors p_i along the first axis, where difference operators put them.

    Maps ``(K, *image)`` to itself, e.g. ``(2, C, H, W)``. I − ξ_iξ_iᵀ is symmetric, so Pᴴ = P. The part of p_i along
    ξ_i is scaled by 1 − ‖ξ_i‖²: removed where ξ_i has length one, kept where ξ_i is zero (Ehrhardt & Betcke 2016). The
    norm is 1, and max (1 − ξ_i²) for K = 1.

    Parameters
    ----------
    shape
        Event shape of the field, the K components first.
    xi
        ξ, real and floating, with as many axes as ``shape``: K first, the others broadcast. Its vectors have length 0
        to 1. It sets the precision.

    Raises
    ------
    InvpriorError
        If ``xi`` does not fit ``shape``, is not real and floating, or holds a vector longer than one.

    Cost
    ----
    2K multiplications per vector of K components, in both directions.

    References
    ----------
    - Ehrhardt & Betcke, "Multicontrast MRI reconstruction with structure-guided total variation", SIAM J. Imaging Sci.
      9 (2016).
    """

    xi: Tensor

    def __init__(self, shape: Iterable[int], xi: Tensor) -> None:
        shape = tuple(shape)
        super().__init__(shape, shape)
        xi = torch.as_tensor(xi)
        fits = xi.ndim == len(shape) and xi.shape[0] == shape[0]
        if not fits or any(a not in (1, n) for a, n in zip(xi.shape, shape, strict=True)):
            raise InvpriorError(f"directions of shape {tuple(xi.shape)} do not fit a vector field of shape {shape}")
        if not xi.is_floating_point():
            raise InvpriorError(f"directions are a real floating tensor, got {xi.dtype}")
        longest = float(torch.linalg.vector_norm(xi, dim=0).max())
        if not longest <= 1 + 8 * torch.finfo(xi.dtype).eps:
            raise InvpriorError(f"directions have lengths from 0 to 1, got one of {longest:g}; divide by their norm")
        self.register_buffer("xi", xi)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Directional:
        generator = torch.Generator().manual_seed(rng.getrandbits(31))
        size = (shape[0], *(rng.choice([1, n]) for n in shape[1:]))
        xi = torch.randn(size, generator=generator)
        length = torch.linalg.vector_norm(xi, dim=0, keepdim=True)
        # for K = 1 a unit ξ would leave nothing but the rounding of 1 − 1
        lengths = [0.0, 0.5, 1.0] if shape[0] > 1 else [0.0, 0.5]
        return cls(shape, xi * (rng.choice(lengths) / length))

    def forward(self, x: Tensor) -> Tensor:
        components = x.ndim - len(self.in_shape)
        return x - self.xi * (self.xi * x).sum(components, keepdim=True)

    def adjoint(self, y: Tensor) -> Tensor:
        return self.forward(y)

    @property
    def H(self) -> LinearOperator:
        return self

    def norm(self) -> float:
        # for K > 1 there are vectors perpendicular to ξ_i, which P keeps
        return 1.0 if self.in_shape[0] > 1 else float((1 - self.xi.square()).abs().max())
