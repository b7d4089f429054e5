"""Generators that a solver makes: of the pixels, of a larger variable, of another range."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from invprior.linear_operator import LinearOperator
from invprior.prior import Generator, Seen, shown
from invprior.problem import Problem
from invprior.shapes import Shape
from invprior.values import PHOTOGRAPH, Values


class Pixels(Generator):
    """The generator of a prior that has none: θ is the image, of a complex one its real and imaginary parts."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.is_complex = x.is_complex()
        self.x = nn.Parameter(torch.view_as_real(x).clone() if self.is_complex else x.clone())

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        return torch.view_as_complex(self.x) if self.is_complex else self.x


class Completed(Generator):
    """The variable of a lifted problem: the image of a generator, with free auxiliary fields."""

    def __init__(self, image: Generator, lift: LinearOperator, is_complex: bool) -> None:
        super().__init__()
        self.image, self.lift, self.held_back = image, lift, image.held_back
        self.constants = frozenset(f"image.{name}" for name in image.constants)
        zero = torch.zeros(lift.in_shape)
        self.fields = Pixels(torch.complex(zero, zero) if is_complex else zero)

    def forward(self, rng: torch.Generator | None = None, seen: Seen | None = None) -> Tensor:
        # (I − SᴴS) removes the part of the fields that lies on the image
        free: Tensor = self.fields()
        fields = free - self.lift.adjoint(self.lift.forward(free))
        return self.lift.adjoint(self.image(*shown(rng, seen))) + fields


class Stretched(Generator):
    """x = low + (high − low)·f_θ: the images of a generator in [0, 1], in the units of the data."""

    def __init__(self, inner: Generator, values: Values) -> None:
        super().__init__()
        self.inner, self.values, self.tied, self.held_back = inner, values, inner.tied, inner.held_back
        self.constants = frozenset(f"inner.{name}" for name in inner.constants)

    def forward(self, rng: torch.Generator | None = None, seen: Seen | None = None) -> Tensor:
        if seen is not None:
            seen = seen._replace(image=(seen.image - self.values.low) / self.values.unit)
        x: Tensor = self.inner(*shown(rng, seen))
        return self.values.low + self.values.unit * x


class InParts(Generator):
    """x = a + i b, of the two halves (a, b) of what a real generator gives along its first axis."""

    def __init__(self, inner: Generator, shape: Shape) -> None:
        super().__init__()
        self.inner, self.shape, self.tied, self.held_back = inner, shape, inner.tied, inner.held_back
        self.constants = frozenset(f"inner.{name}" for name in inner.constants)

    def forward(self, rng: torch.Generator | None = None, seen: Seen | None = None) -> Tensor:
        if seen is not None:
            seen = Seen(_halves(seen.image.real, seen.image.imag), _halves(seen.known, seen.known))
        a, b = self.inner(*shown(rng, seen)).chunk(2)
        return torch.complex(a.reshape(self.shape), b.reshape(self.shape))


def _halves(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([a, b]) if a.ndim < 3 else torch.cat([a, b])


def fitted_to(problem: Problem, rng: torch.Generator) -> Generator | None:
    """The prior's generator for the variable of a problem: of its dtype, its range and its lift; None without one."""
    shape = problem.shape
    if problem.dtype.is_complex and problem.prior.parametrised:
        halves = problem.prior.generator(_both_parts(shape), rng)
        if halves is not None and halves.unit_range:  # a network is real: it gives the two parts as channels
            return _lifted(problem, InParts(_stretched(problem, halves), shape))
    inner = problem.prior.generator(shape, rng)
    return None if inner is None else _lifted(problem, _stretched(problem, inner))


def _both_parts(shape: Shape) -> Shape:
    """The shape of the real and imaginary parts, one after the other along the first axis."""
    return (2, *shape) if len(shape) < 3 else (2 * shape[0], *shape[1:])


def _stretched(problem: Problem, inner: Generator) -> Generator:
    return Stretched(inner, problem.values) if inner.unit_range and problem.values != PHOTOGRAPH else inner


def _lifted(problem: Problem, image: Generator) -> Generator:
    return image if problem.lift is None else Completed(image, problem.lift, problem.dtype.is_complex)
