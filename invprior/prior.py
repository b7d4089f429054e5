"""Priors: a penalty, a parametrisation, or both."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape


class Generator(nn.Module):
    """A parametrisation x = f_θ of an image: its parameters are θ, and calling it gives x.

    Attributes
    ----------
    constants
        Names of buffers that no pass changes, such as the input z of a network; a solver keeps no copies of them.
    """

    constants: frozenset[str] = frozenset()

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        """The image x; with a ``rng`` the randomised pass that fitting uses, without it the deterministic one."""
        raise NotImplementedError(f"{type(self).__name__} must implement forward(rng)")


class Recommendation(Protocol):
    """A solver and a stop rule, see :class:`invprior.Recipe`; a prior hands them on and knows neither."""

    @property
    def solver(self) -> Any: ...

    @property
    def stop(self) -> Any: ...


class Prior:
    """R in the objective: penalty terms, a generator x = f_θ, or both.

    TV has terms and no generator, DIP a generator and no terms, ``DIP() + 0.1 * TV()`` both, none neither.
    """

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

    def recipe(self) -> Recommendation | None:
        """The solver and the stop rule that the prior's settings were chosen with; None leaves it to ``solve``."""
        return None

    @property
    def parametrised(self) -> bool:
        """True if the prior has a generator."""
        return False

    @property
    def parametrisation(self) -> Prior | None:
        """The part with the generator; None where the pixels are free."""
        return self if self.parametrised else None

    @property
    def penalty(self) -> Prior | None:
        """The part that a weight multiplies; None where there is only a parametrisation."""
        return None if self.parametrised else self

    @property
    def any_size(self) -> bool:
        """False if the prior holds something of the picture's own size, such as a guide, and so fits no part of it."""
        return True

    @property
    def memory(self) -> Memory:
        """What a solve with this prior takes; unless a prior says otherwise, as much as the dearest penalty."""
        return Memory(1.0)

    def within(self, step: float) -> str | None:
        """Settings of this prior, in words, with which a step takes less than ``step`` GB a megapixel."""
        return None

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """The names by which specs call this prior for a purpose, each with what makes it.

        The parameters of the maker that are numbers, words or truth values are the settings that a spec may give. By
        default a prior whose constructor needs nothing goes by its own name in lower case, acts on films frame by
        frame, and takes no guide.
        """
        return {} if purpose.guide is not None or needed(cls) else {cls.__name__.lower(): cls}

    def __add__(self, other: Prior) -> Prior:
        return SumPrior(self, other) if isinstance(other, Prior) else NotImplemented

    def __radd__(self, other: int) -> Prior:
        return self if other == 0 else NotImplemented  # sum() starts from 0

    def __rmul__(self, factor: float) -> Prior:
        return ScaledPrior(factor, self)

    def __mul__(self, factor: float) -> Prior:
        return factor * self

    def __truediv__(self, divisor: float) -> Prior:
        if not isinstance(divisor, int | float) or divisor == 0:
            raise InvpriorError(f"a prior is divided by a positive number, got {divisor!r}")
        return (1 / divisor) * self


def needed(kind: Callable[..., Prior]) -> list[str]:
    """The parameters that a prior cannot be made without."""
    return [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]


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
        left = self.left.lift(shape)
        return self.right.lift(shape) if left is None else left

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        part = self.parametrisation
        return None if part is None else part.generator(shape, rng)

    def recipe(self) -> Recommendation | None:
        part = self.parametrisation
        return None if part is None else part.recipe()

    @property
    def parametrised(self) -> bool:
        return self.left.parametrised or self.right.parametrised

    @property
    def parametrisation(self) -> Prior | None:
        left = self.left.parametrisation
        return self.right.parametrisation if left is None else left

    @property
    def penalty(self) -> Prior | None:
        left, right = self.left.penalty, self.right.penalty
        if left is None or right is None:
            return right if left is None else left
        return SumPrior(left, right)

    @property
    def any_size(self) -> bool:
        return self.left.any_size and self.right.any_size

    @property
    def memory(self) -> Memory:
        left, right = self.left.memory, self.right.memory
        if self.parametrised:  # a penalty beside a network is small
            return left if self.left.parametrised else right
        return Memory(max(left.step, right.step), max(left.held, right.held))

    def within(self, step: float) -> str | None:
        return self.left.within(step) or self.right.within(step)

    def __repr__(self) -> str:
        return f"{self.left!r} + {self.right!r}"


@dataclass(frozen=True)
class ScaledPrior(Prior):
    """c·R with c ≥ 0: every penalty term times c. A parametrisation has no scale and stays as it is."""

    factor: float
    inner: Prior

    def __post_init__(self) -> None:
        if not (isinstance(self.factor, int | float) and isfinite(self.factor) and self.factor >= 0):
            raise InvpriorError(f"the weight of a prior must be a number that is 0 or more, got {self.factor!r}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return tuple(self.factor * term for term in self.inner.terms(shape))

    def lift(self, shape: Shape) -> LinearOperator | None:
        return self.inner.lift(shape)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        return self.inner.generator(shape, rng)

    def recipe(self) -> Recommendation | None:
        return self.inner.recipe()

    @property
    def parametrised(self) -> bool:
        return self.inner.parametrised

    @property
    def parametrisation(self) -> Prior | None:
        return self.inner.parametrisation

    @property
    def penalty(self) -> Prior | None:
        inner = self.inner.penalty
        return None if inner is None else ScaledPrior(self.factor, inner)

    @property
    def any_size(self) -> bool:
        return self.inner.any_size

    @property
    def memory(self) -> Memory:
        return self.inner.memory

    def within(self, step: float) -> str | None:
        return self.inner.within(step)

    def __repr__(self) -> str:
        return f"{self.factor:g} * {self.inner!r}"
