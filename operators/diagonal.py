"""Pixelwise multiplication: sensitivities, phases, weights."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape, Window, check_broadcast


class Diagonal(LinearOperator):
    """Ax = d ⊙ x; Aᴴy = d̄ ⊙ y, ‖A‖ = max |d|.

    Parameters
    ----------
    shape
        Event shape of the picture.
    d
        Real or complex, floating, of a shape that broadcasts to ``shape``; it sets the precision. A complex d takes
        and gives complex pictures; a real d keeps pictures real or complex.

    Raises
    ------
    InvpriorError
        If ``d`` does not broadcast to ``shape`` or is not floating.

    Cost
    ----
    One multiplication per value, in both directions.
    """

    parts: Tensor

    def __init__(self, shape: Iterable[int], d: Tensor) -> None:
        shape = tuple(shape)
        super().__init__(shape, shape)
        d = torch.as_tensor(d)
        check_broadcast("a diagonal", d, shape)
        if not (d.is_floating_point() or d.is_complex()):
            raise InvpriorError(f"a diagonal is a floating or complex tensor, got {d.dtype}; Mask takes booleans")
        if d.is_complex():
            self.in_complex = self.out_complex = True
        # stored as real and imaginary parts, since .to(torch.float64) would cast a complex buffer to a real one
        self.register_buffer("parts", torch.view_as_real(d).clone() if d.is_complex() else d)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Diagonal:
        generator = torch.Generator().manual_seed(rng.getrandbits(31))
        dtype = torch.complex64 if rng.random() < 0.4 else torch.float32
        return cls(shape, torch.randn(shape[rng.randint(0, len(shape) - 1) :], generator=generator, dtype=dtype))

    @property
    def d(self) -> Tensor:
        """The diagonal, in its original shape."""
        return torch.view_as_complex(self.parts) if self.in_complex else self.parts

    def forward(self, x: Tensor) -> Tensor:
        return self.d * x

    def adjoint(self, y: Tensor) -> Tensor:
        return self.d.conj() * y

    @property
    def H(self) -> LinearOperator:
        return super().H if self.in_complex else self

    def diagonal(self) -> Tensor:
        return self.d

    def on_window(self, window: Window) -> tuple[Diagonal, Window] | None:
        if len(self.in_shape) < 2:
            return None
        shape = (*self.in_shape[:-2], window.height, window.width)
        return Diagonal(shape, window.of_constant(self.d, self.in_shape)), window

    def norm(self) -> float:
        return float(self.d.abs().max())
