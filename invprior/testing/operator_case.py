"""The cases in which the laws of an operator are measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape, as_complex
from invprior.testing.content import Content
from invprior.testing.drawn import DrawnCase
from invprior.testing.law import Measurement
from invprior.testing.strategies import contents, dtypes, input_dtype, output_dtype
from invprior.testing.targets import Made, precise

Target = LinearOperator | type[LinearOperator] | Callable[[Shape], LinearOperator]

# The bound of rounding errors, in eps·√n relative to their scale; sums in any order stay well below it.
ROUNDING = 8.0


@dataclass(frozen=True, eq=False)
class OperatorCase(DrawnCase[LinearOperator]):
    """An operator in one precision, with two inputs and a measurement."""

    modules = "strategies, targets"

    def __repr__(self) -> str:
        return f"{self.A!r}, {str(self.real)[6:]}, x {self.x}, y {self.y}"

    @cached_property
    def gain(self) -> float:
        """A lower bound of ‖A‖ from a random image, by which rounding errors of the input are amplified."""
        g = torch.randn(self.A.in_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        return size(self.A(g.to(self.x.x))) / max(size(g), 1e-300)

    def agree(self, left: Tensor, right: Tensor, *scales: Tensor | float) -> Measurement:
        """‖left − right‖ relative to the sum of scales, in eps·√n; underflow below the least normal number is free."""
        n = max(self.x.x.numel(), self.y.x.numel())
        info = torch.finfo(self.real)
        # an underflow in Ax or Aᴴy is multiplied by the other vector of an inner product
        underflow = n * info.tiny / info.eps * (1 + size(self.x.x) + size(self.y.x))
        scale = sum(float(s) for s in scales) + underflow
        off = size(left - right) / scale / (info.eps * math.sqrt(n))
        return Measurement(off, ROUNDING, repr(self), left.detach(), right.detach())

    def exactly(self, wrong: int, what: str) -> Measurement:
        return Measurement(float(wrong), 0.0, f"{self!r}: {what}" if wrong else repr(self))


def size(t: Tensor) -> float:
    """The norm in float64, so that squares of 1e20 do not overflow."""
    return float(torch.linalg.vector_norm(t.detach().to(torch.complex128 if t.is_complex() else torch.float64)))


def inner(a: Tensor, b: Tensor) -> Tensor:
    """⟨a, b⟩ in double precision."""
    return torch.vdot(a.detach().reshape(-1).to(torch.complex128), b.detach().reshape(-1).to(torch.complex128))


def random_case(A: LinearOperator, real: torch.dtype) -> OperatorCase:
    """One case of random content for the operator as it is, on the device of its buffers."""
    like = next(A.buffers(), torch.zeros(()))

    def draw(shape: Shape, dtype: torch.dtype, seed: int) -> Content:
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=as_complex(torch.float64, True))
        return Content((x if dtype.is_complex else x.real).to(device=like.device, dtype=dtype), f"random (seed {seed})")

    into, out = input_dtype(A, real), output_dtype(A, real)
    return OperatorCase(A, real, draw(A.in_shape, into, 0), draw(A.in_shape, into, 1), draw(A.out_shape, out, 2))


@st.composite
def cases(draw: st.DrawFn, operators: st.SearchStrategy[Made[Any]]) -> OperatorCase:
    """An operator with inputs of random or edge content."""
    made = draw(operators)
    real = draw(dtypes(made.operator))
    A = precise(made.operator, real)
    into, out = input_dtype(A, real), output_dtype(A, real)
    x, x2, y = (draw(contents(s, d)) for s, d in ((A.in_shape, into), (A.in_shape, into), (A.out_shape, out)))
    return OperatorCase(A, real, x, x2, y, A, made.lines)
