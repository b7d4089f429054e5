"""Generators that a solver makes: of the pixels, of a larger variable, of another range."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from invprior.linear_operator import LinearOperator
from invprior.prior import Generator
from invprior.values import Values


class Pixels(Generator):
    """The generator of a prior that has none: θ is the image."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = nn.Parameter(x.clone())

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        return self.x


class Completed(Generator):
    """The variable of a lifted problem: the image of a generator, with free auxiliary fields."""

    def __init__(self, image: Generator, lift: LinearOperator) -> None:
        super().__init__()
        self.image, self.lift = image, lift
        self.constants = frozenset(f"image.{name}" for name in image.constants)
        self.fields = nn.Parameter(torch.zeros(lift.in_shape))

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        # (I − SᴴS) removes the part of the fields that lies on the image
        fields = self.fields - self.lift.adjoint(self.lift.forward(self.fields))
        return self.lift.adjoint(self.image(rng)) + fields


class Stretched(Generator):
    """x = low + (high − low)·f_θ: the images of a generator in [0, 1], in the units of the data."""

    def __init__(self, inner: Generator, values: Values) -> None:
        super().__init__()
        self.inner, self.values = inner, values
        self.constants = frozenset(f"inner.{name}" for name in inner.constants)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        x: Tensor = self.inner(rng)
        return self.values.low + self.values.unit * x
