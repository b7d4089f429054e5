"""The cases in which the laws of an operator are measured."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import Shape, as_complex
from invprior.testing.law import Measurement
from invprior.testing.strategies import (
    Content,
    contents,
    dtypes,
    input_dtype,
    instances,
    output_dtype,
    shapes,
)

Target = LinearOperator | type[LinearOperator] | Callable[[Shape], LinearOperator]

# The bound of rounding errors, in eps·√n relative to their scale; sums in any order stay well below it.
ROUNDING = 8.0


@dataclass(frozen=True, eq=False)
class OperatorCase:
    """An operator in one precision, with two inputs and a measurement."""

    A: LinearOperator
    real: torch.dtype
    x: Content
    x2: Content
    y: Content

    def __repr__(self) -> str:
        return f"{self.A!r}, {str(self.real)[6:]}, x {self.x}, y {self.y}"

    def rounding(self, error: Tensor, *scales: Tensor | float) -> Measurement:
        """‖error‖ relative to the sum of scales, in eps·√n; underflow below the smallest normal number is free."""
        n = max(self.x.x.numel(), self.y.x.numel())
        info = torch.finfo(self.real)
        # an underflow in Ax or Aᴴy is multiplied by the other vector of an inner product
        underflow = n * info.tiny / info.eps * (1 + size(self.x.x) + size(self.y.x))
        scale = sum(float(s) for s in scales) + underflow
        return Measurement(size(error) / scale / (info.eps * math.sqrt(n)), ROUNDING, repr(self))

    def exactly(self, wrong: int, what: str) -> Measurement:
        return Measurement(float(wrong), 0.0, f"{self!r}: {what}" if wrong else repr(self))


def size(t: Tensor) -> float:
    """The norm in float64, so that squares of 1e20 do not overflow."""
    return float(torch.linalg.vector_norm(t.detach().to(torch.complex128 if t.is_complex() else torch.float64)))


def inner(a: Tensor, b: Tensor) -> Tensor:
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
def cases(draw: st.DrawFn, target: Target) -> OperatorCase:
    """An operator of the target with inputs of random or edge content."""
    A = copy.deepcopy(draw(_operators(target)))
    real = draw(dtypes())
    A = A.to(real) if not any(b.is_complex() for b in A.buffers()) else A.to(output_dtype(A, real))
    into, out = input_dtype(A, real), output_dtype(A, real)
    x, x2 = draw(contents(A.in_shape, into)), draw(contents(A.in_shape, into))
    return OperatorCase(A, real, x, x2, draw(contents(A.out_shape, out)))


def _operators(target: Target) -> st.SearchStrategy[Any]:
    if isinstance(target, Operator):
        return st.just(target)
    if isinstance(target, type) and issubclass(target, Operator):
        return instances(target)
    if not callable(target):
        raise InvpriorError(f"a check takes an operator, its class or a factory, got {type(target).__name__}")
    factory: Any = target  # a class of something else makes nothing that is an operator
    return _made(factory)


@st.composite
def _made(draw: st.DrawFn, factory: Callable[[Shape], LinearOperator]) -> LinearOperator:
    shape = draw(shapes())
    operator = called(f"make an operator for shape {shape}", partial(_unless_refused, factory, shape))
    if operator is None:
        reject()
    if not isinstance(operator, LinearOperator):
        raise InvpriorError(f"the factory must return a LinearOperator, it gave {type(operator).__name__}")
    return operator


def _unless_refused(factory: Callable[[Shape], LinearOperator], shape: Shape) -> LinearOperator | None:
    """The operator for this shape; None if the factory refuses the shape by an :class:`InvpriorError`."""
    try:
        return factory(shape)
    except InvpriorError:
        return None
