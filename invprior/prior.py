"""Priors: a penalty, a parametrisation, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from invprior.arguments import required
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape

# A weight beyond these overflows in single precision before it has any further effect.
SMALLEST, LARGEST = 1e-18, 1e18


class Seen(NamedTuple):
    """What a network is shown of the measurements.

    Attributes
    ----------
    image
        Their back-projection, of the shape of the image.
    known
        Of each value of the image the share that the measurements tell, in [0, 1].
    """

    image: Tensor
    known: Tensor


def shown(rng: torch.Generator | None, seen: Seen | None) -> tuple[Any, ...]:
    """The arguments of a pass: a generator that is shown nothing takes the random numbers alone."""
    return (rng,) if seen is None else (rng, seen)


class Generator(nn.Module):
    """A parametrisation x = f_θ of an image: its parameters are θ, and calling it gives x.

    Attributes
    ----------
    constants
        Names of buffers that no pass changes, such as the input z of a network; a solver keeps no copies of them.
    unit_range
        True if the images lie in [0, 1] whatever the units of the data; a solver then stretches them to
        ``Problem.values``.
    tied
        The axes of the image, negative, along which neighbouring values depend on one another; None if unknown. Along
        other axes nothing fills what was not measured.
    held_back
        Share of the measured values that a step of the fit holds back and fits to; ``forward`` then takes a second
        argument, the :class:`Seen` that the other values tell. 0 for a generator that sees no measurement.
    """

    constants: frozenset[str] = frozenset()
    unit_range: bool = False
    tied: tuple[int, ...] | None = None
    held_back: float = 0.0

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        """The image x: with ``rng`` by the randomised pass that fitting uses, without it by the deterministic one."""
        raise NotImplementedError(f"{type(self).__name__} must implement forward(rng)")


class Recommendation(Protocol):
    """A solver and a stop rule, see :class:`invprior.Recipe`; a prior passes them on without importing either."""

    @property
    def solver(self) -> Any: ...

    @property
    def stop(self) -> Any: ...


class Prior:
    """R in the objective: penalty terms, a generator x = f_θ, or both.

    TV has terms and no generator, DIP a generator and no terms, ``DIP() + 0.1 * TV()`` both, NoPrior neither.
    """

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        """The penalty terms for an image of this event shape; for a lifted prior, functions of its variable X."""
        return ()

    def lift(self, shape: Shape) -> LinearOperator | None:
        """S in x = S X, for a prior R(x) = min of its terms over all X with S X = x; None if X is x itself.

        S is a selection: S Sᴴ = I, and SᴴS is diagonal with zeros and ones.
        """
        return None

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        """A new generator for an image of this shape, random from ``rng``; None means the pixels are free."""
        return None

    def recipe(self) -> Recommendation | None:
        """The solver and the stop rule that the prior's settings were tuned for; None leaves it to ``solve``."""
        return None

    @property
    def parametrised(self) -> bool:
        """True if the prior has a generator."""
        return False

    @property
    def parametrisation(self) -> Prior | None:
        """The part with the generator; None if the pixels are free."""
        return self if self.parametrised else None

    @property
    def penalty(self) -> Prior | None:
        """The part that a weight multiplies; None if the prior is only a parametrisation."""
        return None if self.parametrised else self

    @property
    def parts(self) -> tuple[Prior, ...]:
        """The priors that the problem is solved with to solve it with this one; no sum and no factor can hold such."""
        return ()

    def with_parts(self, parts: tuple[Prior, ...]) -> Prior:
        """The same prior of other :attr:`parts`, as many."""
        return self

    @property
    def fits_network(self) -> bool:
        """True if a solve with this prior, or with one of its parts, fits a network."""
        return self.parametrised or any(part.fits_network for part in self.parts)

    def following(self, image: Tensor) -> Prior:
        """The prior that the problem is solved with once its one member has given this image."""
        raise InvpriorError(f"{self!r} follows no other prior")

    @property
    def any_size(self) -> bool:
        """False if the prior holds data of the picture's size, such as a guide, and so does not fit parts of it."""
        return True

    @property
    def calibrated(self) -> bool:
        """True if the penalty takes its strength from the noise: weight 1 then suits every noise level."""
        return False

    @property
    def memory(self) -> Memory:
        """The memory that a solve with this prior takes; by default that of the most expensive penalty."""
        return Memory(1.0)

    def within(self, step: float) -> str | None:
        """Settings of this prior, in words, with which a step takes less than ``step`` GB a megapixel, or None."""
        return None

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """The names of this prior in specs for a purpose, each with its factory.

        A spec may set those parameters of the factory that are numbers, words or truth values. By default a prior
        whose constructor has no required parameter goes by its class name in lower case, acts on films frame by frame,
        and takes neither guides nor volumes.
        """
        return {} if purpose.guide is not None or purpose.volume or required(cls) else {cls.__name__.lower(): cls}

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


@dataclass(frozen=True)
class SumPrior(Prior):
    """R₁ + R₂: the terms of both, and the generator of the one that has one."""

    left: Prior
    right: Prior

    def __post_init__(self) -> None:
        whole = next((p for p in (self.left, self.right) if p.parts), None)
        if whole is not None:
            raise InvpriorError(
                f"{type(whole).__name__} is made of other priors and stands alone; add the other prior to one of them"
            )
        if self.left.parametrised and self.right.parametrised:
            raise InvpriorError(
                f"{type(self.left).__name__} and {type(self.right).__name__} both parametrise the image; a sum can "
                "hold one generator, drop one"
            )

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        left, right = self.left.terms(shape), self.right.terms(shape)
        left_lift, right_lift = self.left.lift(shape), self.right.lift(shape)
        if left_lift is not None and right_lift is not None:
            raise InvpriorError(
                f"{self.left!r} and {self.right!r} both add auxiliary fields; a sum can hold one such prior, drop one"
            )
        # the terms of the prior without a lift act on x = S X
        if left_lift is not None:
            right = tuple(t @ left_lift for t in right)
        if right_lift is not None:
            left = tuple(t @ right_lift for t in left)
        return left + right

    def lift(self, shape: Shape) -> LinearOperator | None:
        left = self.left.lift(shape)
        return self.right.lift(shape) if left is None else left

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        part = self.parametrisation
        return None if part is None else part.generator(shape, rng)

    def recipe(self) -> Recommendation | None:
        part = self.parametrisation
        return self.left.recipe() or self.right.recipe() if part is None else part.recipe()

    @property
    def calibrated(self) -> bool:
        return self.left.calibrated or self.right.calibrated

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


class WrappedPrior(Prior):
    """A prior made of another one, ``inner``, that declares of itself what the inner one does."""

    inner: Prior

    def recipe(self) -> Recommendation | None:
        return self.inner.recipe()

    @property
    def parametrised(self) -> bool:
        return self.inner.parametrised

    @property
    def any_size(self) -> bool:
        return self.inner.any_size

    @property
    def calibrated(self) -> bool:
        return self.inner.calibrated

    @property
    def memory(self) -> Memory:
        return self.inner.memory

    def within(self, step: float) -> str | None:
        return self.inner.within(step)


@dataclass(frozen=True)
class ScaledPrior(WrappedPrior):
    """c·R with c ≥ 0: every penalty term times c. A parametrisation has no scale and stays as it is."""

    factor: float
    inner: Prior

    def __post_init__(self) -> None:
        if self.inner.parts:
            raise InvpriorError(f"{self.inner!r} has no weight; weigh its members instead")
        if not (isinstance(self.factor, int | float) and isfinite(self.factor) and self.factor >= 0):
            raise InvpriorError(f"the weight of a prior must be a number that is 0 or more, got {self.factor!r}")
        if self.factor != 0 and not SMALLEST <= self.factor <= LARGEST:
            raise InvpriorError(f"the weight of a prior is 0, or from {SMALLEST:g} to {LARGEST:g}, got {self.factor:g}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return tuple(self.factor * term for term in self.inner.terms(shape))

    def lift(self, shape: Shape) -> LinearOperator | None:
        return self.inner.lift(shape)

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        return self.inner.generator(shape, rng)

    @property
    def parametrisation(self) -> Prior | None:
        return self.inner.parametrisation

    @property
    def penalty(self) -> Prior | None:
        inner = self.inner.penalty
        return None if inner is None else ScaledPrior(self.factor, inner)

    def __repr__(self) -> str:
        return f"{self.factor:g} * {self.inner!r}"
