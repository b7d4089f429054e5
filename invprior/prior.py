"""Priors: a penalty, a parametrisation, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.operator import LinearOperator, Shape

if TYPE_CHECKING:
    from invprior.recipe import Recipe


class Generator(nn.Module):
    """A parametrisation x = f_θ of an image: its parameters are θ, and calling it gives x.

    Attributes
    ----------
    constants
        Names of buffers that no pass changes, such as the input z of a network; a solver keeps no copies of them.
    """

    constants: ClassVar[frozenset[str]] = frozenset()

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        """The image x; with a ``rng`` the randomised pass that fitting uses, without it the deterministic one."""
        raise NotImplementedError(f"{type(self).__name__} must implement forward(rng)")


class Prior:
    """R in the objective. It has two faces: penalty terms, and a generator that x is written with.

    TV has terms and no generator, DIP a generator and no terms, ``DIP() + 0.1 * TV()`` both, none neither.
    """

    parametrised: ClassVar[bool] = False

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        """The penalty terms for an image of this event shape; of a lifted prior, functions of its variable X."""
        return ()

    def lift(self, shape: Shape) -> LinearOperator | None:
        """S in x = S X, for a prior R(x) = min over the X with S X = x of its terms; None where X is x itself.

        S selects: S Sᴴ = I, and SᴴS is a diagonal of zeros and ones.
        """
        return None

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        """A new generator for an image of this shape, random from ``rng``; None means the pixels are free."""
        return None

    def recipe(self) -> Recipe | None:
        """The solver and the stop rule that the prior's settings were chosen with; None leaves it to ``solve``."""
        return None

    def __add__(self, other: Prior) -> Prior:
        if not isinstance(other, Prior):
            return NotImplemented
        return SumPrior(self, other)

    def __rmul__(self, factor: float) -> Prior:
        return ScaledPrior(factor, self)

    def __mul__(self, factor: float) -> Prior:
        return factor * self


@dataclass(frozen=True)
class SumPrior(Prior):
    """R₁ + R₂: the terms of both, and the generator of the one that has one."""

    left: Prior
    right: Prior

    def __post_init__(self) -> None:
        if self.left.parametrised and self.right.parametrised:
            raise InvpriorError(
                f"{self.left!r} and {self.right!r} both parametrise the image; a sum can hold one generator, drop one"
            )

    @property
    def parametrised(self) -> bool:  # type: ignore[override]
        return self.left.parametrised or self.right.parametrised

    def _parametrisation(self) -> Prior:
        return self.left if self.left.parametrised else self.right

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        left, right = self.left.terms(shape), self.right.terms(shape)
        over, under = self.left.lift(shape), self.right.lift(shape)
        if over is not None and under is not None:
            raise InvpriorError(
                f"{self.left!r} and {self.right!r} both add auxiliary fields; a sum can hold one such prior, drop one"
            )
        if over is not None:
            right = tuple(t @ over for t in right)
        if under is not None:
            left = tuple(t @ under for t in left)
        return left + right

    def lift(self, shape: Shape) -> LinearOperator | None:
        return self.left.lift(shape) or self.right.lift(shape)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        return self._parametrisation().generator(shape, rng)

    def recipe(self) -> Recipe | None:
        return self._parametrisation().recipe()

    def __repr__(self) -> str:
        return f"{self.left!r} + {self.right!r}"


@dataclass(frozen=True)
class ScaledPrior(Prior):
    """c·R with c ≥ 0: every penalty term times c. A parametrisation has no scale and stays as it is."""

    factor: float
    inner: Prior

    def __post_init__(self) -> None:
        if not (isinstance(self.factor, int | float) and self.factor >= 0):
            raise InvpriorError(f"the weight of a prior must be a number that is 0 or more, got {self.factor!r}")

    @property
    def parametrised(self) -> bool:  # type: ignore[override]
        return self.inner.parametrised

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return tuple(self.factor * term for term in self.inner.terms(shape))

    def lift(self, shape: Shape) -> LinearOperator | None:
        return self.inner.lift(shape)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        return self.inner.generator(shape, rng)

    def recipe(self) -> Recipe | None:
        return self.inner.recipe()

    def __repr__(self) -> str:
        return f"{self.factor:g} * {self.inner!r}"
