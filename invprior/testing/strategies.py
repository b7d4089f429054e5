"""Hypothesis strategies for your own tests: shapes, dtypes, contents of tensors, random expressions of operators.

@given(strategies.shapes(most=24), st.data())
def test_mine(shape, data):
    x = data.draw(strategies.contents(shape, torch.float64)).x
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from random import Random

import torch
from hypothesis import reject
from hypothesis import strategies as st

import invprior.operators as operators
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import Shape, as_complex, as_shape
from invprior.testing.content import KINDS, SEEDED, Content, content, named
from invprior.testing.law import classes

__all__ = [
    "KINDS",
    "REAL",
    "Content",
    "content",
    "contents",
    "dtypes",
    "exported",
    "expressions",
    "input_dtype",
    "instances",
    "output_dtype",
    "seeds",
    "shapes",
]

REAL = (torch.float32, torch.float64)
Shapes = Iterable[Shape] | st.SearchStrategy[Shape]


@st.composite
def shapes(draw: st.DrawFn, most: int = 64, channels: int = 31, axes: tuple[int, ...] = (3,)) -> Shape:
    """Event shapes; they shrink towards (1, 1, 1).

    Half have up to three channels and sides up to 24, odd, one pixel wide, rectangular. The others have 4 to 31
    channels, or sides beyond 24, multiples of 32 among them.

    Parameters
    ----------
    most, channels
        Bounds of the sides and of the channels.
    axes
        Numbers of axes: 1 is (W,), 2 is (H, W), 3 is (C, H, W), 4 is (T, C, H, W).
    """
    three = draw(_three(most, channels))
    # drawn last, so that an example with three axes is the smaller one
    count = draw(st.sampled_from((3,) * 4 + tuple(axes) if 3 in axes else axes))
    return (draw(st.integers(1, 3)), *three) if count == 4 else three[3 - count :]


@st.composite
def _three(draw: st.DrawFn, most: int, channels: int) -> Shape:
    small = st.integers(1, min(most, 9))
    side = small | st.integers(1, min(most, 24))
    C, H, W = draw(st.integers(1, min(channels, 3))), draw(side), draw(side)
    # as many draws of the same kind whatever comes of them, so that a case with many channels or long sides shrinks to
    # the usual one
    many = draw(st.sampled_from([C, *(c for c in (4, 31, 5, 8, 4, 31) if c <= channels)]))
    tall, wide = (draw(st.sampled_from([0, *(n for n in (32, 64, 25, 33, 48) if n <= most)])) for _ in range(2))
    kind = draw(st.sampled_from(("usual", "usual", "channels", "sides")))
    if kind == "channels":
        return many, min(H, 9), min(W, 9)
    return (C, tall or H, wide or W) if kind == "sides" else (C, H, W)


def as_strategy(given: Shapes) -> st.SearchStrategy[Shape]:
    """A list of shapes, one shape or a strategy, as a strategy."""
    if isinstance(given, st.SearchStrategy):
        return given.map(as_shape)
    try:
        listed: list[Shape] = [as_shape(s) for s in given]
    except TypeError as error:
        raise InvpriorError(
            f"shapes is a list of shapes, such as [(3, 16, 16)], or a strategy of them, got {given!r}"
        ) from error
    if not listed:
        raise InvpriorError("shapes is empty; give at least one shape, such as [(3, 16, 16)]")
    return st.sampled_from(listed)


def dtypes(A: Operator | None = None) -> st.SearchStrategy[torch.dtype]:
    """float32 and float64, or the one precision that the operator computes in."""
    return st.sampled_from(REAL) if A is None or A.precision is None else st.just(A.precision)


def seeds() -> st.SearchStrategy[int]:
    """Seeds of random numbers."""
    return st.integers(0, 2**16)


@st.composite
def contents(draw: st.DrawFn, shape: Shape, dtype: torch.dtype) -> Content:
    """A tensor of this shape and dtype with random or edge content; it shrinks towards ``random`` with seed 0."""
    kind = draw(st.sampled_from(list(KINDS)))
    return named(kind, shape, dtype, draw(seeds()) if kind in SEEDED or dtype.is_complex else 0)


def exported() -> dict[str, type[Operator]]:
    """Every operator class that ``invprior.operators`` exports, by name."""
    return classes(operators, Operator)


@st.composite
def instances(draw: st.DrawFn, kind: type[Operator]) -> Operator:
    """An instance of an operator class for a drawn shape, through its ``example``."""
    make = partial(_unless_refused, kind, draw(shapes()), Random(draw(seeds())))
    operator = called(f"make an example of {kind.__name__}", make)
    if operator is None:
        reject()
    return operator


def _unless_refused(kind: type[Operator], shape: Shape, rng: Random) -> Operator | None:
    try:
        return kind.example(shape, rng)
    except InvpriorError:
        return None


@st.composite
def expressions(draw: st.DrawFn, most: int = 9, depth: int = 3) -> LinearOperator:
    """A random product, sum, multiple, adjoint or gram of exported linear operators that fit together."""
    linear = {n: k for n, k in exported().items() if issubclass(k, LinearOperator)}
    shape = draw(shapes(most))
    A: LinearOperator = operators.Identity(shape)
    for _ in range(draw(st.integers(1, depth))):
        step = draw(st.sampled_from(["compose", "gram", "sum", "scale"]))
        if step == "gram":
            A = A.gram
        elif step == "sum":
            A = A + draw(st.sampled_from([0.5, 1.0, 2.0])) * A
        elif step == "scale":
            A = draw(st.sampled_from([-2.0, 0.5, 1e-3, 1e3])) * A
        else:
            kind = linear[draw(st.sampled_from(sorted(linear)))]
            B = _unless_refused(kind, A.out_shape, Random(draw(seeds())))
            if isinstance(B, LinearOperator) and B.in_shape == A.out_shape and _kinds_fit(B, A):
                A = B @ A
    return A


def _kinds_fit(left: Operator, right: Operator) -> bool:
    """True if the left operator takes the kind, real or complex, that the right one gives for real images."""
    out = right.out_complex if right.out_complex is not None else bool(right.in_complex)
    return left.in_complex is None or left.in_complex == out


def input_dtype(A: Operator, real: torch.dtype) -> torch.dtype:
    """The dtype of an input of ``A`` in this precision."""
    return as_complex(real, bool(A.in_complex))


def output_dtype(A: Operator, real: torch.dtype) -> torch.dtype:
    """The dtype of an output of ``A`` in this precision."""
    return as_complex(real, bool(A.in_complex) if A.out_complex is None else A.out_complex)
