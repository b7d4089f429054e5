"""Quadratic smoothness."""

from __future__ import annotations

from dataclasses import dataclass

from invprior.functional import Term
from invprior.functionals import Quadratic
from invprior.operators.finite_difference import FiniteDifference
from invprior.prior import Prior
from invprior.purpose import Memory
from invprior.shapes import Shape


@dataclass(frozen=True)
class Tikhonov(Prior):
    """R(x) = ½ ‖Dx‖² with forward differences D along ``axes`` (Tikhonov 1963).

    It smooths edges like everything else. With Gaussian noise the minimiser is linear in the data, and ``solve`` takes
    conjugate gradients.

    Parameters
    ----------
    axes
        Axes of the event shape to take differences along.
    weights
        One per axis, inside D; None means all 1.

    Cost
    ----
    A conjugate gradient step applies D and Dᴴ once, O(n).

    References
    ----------
    - Tikhonov, "Solution of incorrectly formulated problems and the regularization method", Soviet Math. Dokl. 4
      (1963).
    """

    axes: tuple[int, ...] = (-2, -1)
    weights: tuple[float, ...] | None = None

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(Quadratic(1.0, 0.0), FiniteDifference(shape, self.axes, self.weights)),)

    @property
    def memory(self) -> Memory:
        return Memory(0.3)
