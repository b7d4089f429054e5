"""Total generalised variation of second order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.functionals import L21
from invprior.linear_operator import LinearOperator
from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.symmetric_gradient import SymmetricGradient
from invprior.prior import Prior
from invprior.purpose import Memory
from invprior.shapes import Shape


class Image(LinearOperator):
    """X = (x, w) ↦ x, from ``(3, *shape)`` to ``shape``; the adjoint fills w with zeros."""

    @property
    def is_selection(self) -> bool:
        return True

    def __init__(self, shape: Shape) -> None:
        super().__init__((3, *shape), shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.select(-len(self.in_shape), 0)

    def adjoint(self, y: Tensor) -> Tensor:
        out = torch.stack([y, torch.zeros_like(y), torch.zeros_like(y)], dim=-len(self.in_shape))
        return out

    def norm(self) -> float:
        return 1.0


class Remainder(LinearOperator):
    """X = (x, w) ↦ Dx − w, from ``(3, *shape)`` to ``(2, *shape)``; the adjoint is p ↦ (Dᴴp, −p)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__((3, *shape), (2, *shape))
        self.D = FiniteDifference(shape)

    def forward(self, x: Tensor) -> Tensor:
        axis = x.ndim - len(self.in_shape)
        return self.D.forward(x.select(axis, 0)).sub_(x.narrow(axis, 1, 2))

    def adjoint(self, y: Tensor) -> Tensor:
        axis = -len(self.out_shape)
        return torch.cat([self.D.adjoint(y).unsqueeze(axis), -y], dim=axis)

    def norm(self) -> float:
        return math.hypot(self.D.norm(), 1.0)  # KKᴴ = DDᴴ + I

    def on_rows(self, height: int) -> Remainder:
        return Remainder((*self.D.in_shape[:-2], height, self.D.in_shape[-1]))


class Bending(LinearOperator):
    """X = (x, w) ↦ Ew, from ``(3, *shape)`` to ``(3, *shape)``; the adjoint is q ↦ (0, Eᴴq)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__((3, *shape), (3, *shape))
        self.E = SymmetricGradient(shape)

    def forward(self, x: Tensor) -> Tensor:
        return self.E.forward(x.narrow(x.ndim - len(self.in_shape), 1, 2))

    def adjoint(self, y: Tensor) -> Tensor:
        axis = -len(self.out_shape)
        field = self.E.adjoint(y)
        return torch.cat([torch.zeros_like(field.narrow(axis, 0, 1)), field], dim=axis)

    def norm(self) -> float:
        return self.E.norm()

    def on_rows(self, height: int) -> Bending:
        return Bending((*self.in_shape[1:-2], height, self.in_shape[-1]))


@dataclass(frozen=True)
class TGV(Prior):
    """R(x) = min_w Σ_i ‖(Dx − w)_i‖ + α Σ_i ‖(Ew)_i‖ (Bredies, Kunisch & Pock 2010, with α₁ = 1, α₀ = α).

    D are forward differences, E the symmetrised backward differences of the field w. Where the picture is smooth, w
    absorbs its slope, which then costs nothing: edges stay sharp as with TV, and ramps stay ramps where TV makes
    stairs. TGV is a lifted prior: the solver's variable is X = (x, w).

    Parameters
    ----------
    ratio
        α = α₀/α₁ > 0; 2 is usual for pictures (Knoll, Bredies, Pock & Stollberger 2011). A large α forbids slopes
        that change, a small α lets w follow the noise.
    coupled
        Take the norm over the channels too, axis −3; without effect on images of two axes.

    Raises
    ------
    InvpriorError
        If the ratio is not from 1e-6 to 1e6; from ``terms``, if the image has fewer than two axes.

    Cost
    ----
    Its proximal map has no closed form: ``solve`` takes PDHG on three times the values of x; a step applies D, E and
    their adjoints once and projects, O(n).

    References
    ----------
    - Bredies, Kunisch & Pock, "Total generalized variation", SIAM J. Imaging Sci. 3 (2010), equation 4.2.
    - Knoll, Bredies, Pock & Stollberger, "Second order total generalized variation (TGV) for MRI", Magn. Reson. Med. 65
      (2011).
    """

    ratio: float = 2.0
    coupled: bool = True

    def __post_init__(self) -> None:
        if not 1e-6 <= self.ratio <= 1e6:  # beyond, one of the two terms alone is left
            raise InvpriorError(f"the ratio of TGV is a number from 1e-6 to 1e6, got {self.ratio!r}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        fields = -len(shape) - 1  # the axis that D and E put in front
        norm = L21((fields, -3) if self.coupled and len(shape) >= 3 else (fields,))
        return (Term(norm, Remainder(shape)), Term(self.ratio * norm, Bending(shape)))

    def lift(self, shape: Shape) -> LinearOperator:
        return Image(shape)

    @property
    def memory(self) -> Memory:
        return Memory(0.9)
