"""Hypothesis strategies: shapes, dtypes, contents at the edges of floating point, random expressions of operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.operators as operators
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import Shape, as_complex
from invprior.testing.law import classes

REAL = (torch.float32, torch.float64)


def shapes(most: int = 24, channels: int = 3) -> st.SearchStrategy[Shape]:
    """Event shapes (C, H, W): odd, one pixel wide, rectangular; they shrink towards (1, 1, 1)."""
    side = st.integers(1, min(most, 9)) | st.integers(1, most)
    return st.tuples(st.integers(1, channels), side, side)


def dtypes() -> st.SearchStrategy[torch.dtype]:
    """float32 and float64."""
    return st.sampled_from(REAL)


@dataclass(frozen=True, eq=False)
class Content:
    """A tensor with a label for it."""

    x: Tensor
    label: str

    def __repr__(self) -> str:
        return self.label


def _ramp(shape: Shape) -> Tensor:
    axes = [torch.arange(n, dtype=torch.float64) * (k + 1) for k, n in enumerate(shape)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).sum(0)


def _one_hot(shape: Shape, seed: int) -> Tensor:
    x = torch.zeros(shape, dtype=torch.float64)
    x.view(-1)[seed % x.numel()] = 1
    return x


def _random(shape: Shape, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Contents that break arithmetic: by cancellation, overflow of squares, underflow, or position.
KINDS: dict[str, Callable[[Shape, int], Tensor]] = {
    "random": _random,
    "zeros": lambda shape, seed: torch.zeros(shape, dtype=torch.float64),
    "one-hot": _one_hot,
    "constant": lambda shape, seed: torch.ones(shape, dtype=torch.float64),
    "ramp": lambda shape, seed: _ramp(shape),
    "sparse": lambda shape, seed: _random(shape, seed) * (_random(shape, seed + 1) > 1),
    "random × 1e20": lambda shape, seed: 1e20 * _random(shape, seed),
    "random × 1e-20": lambda shape, seed: 1e-20 * _random(shape, seed),
    "denormal": lambda shape, seed: 1e-40 * _random(shape, seed),
}


@st.composite
def contents(draw: st.DrawFn, shape: Shape, dtype: torch.dtype) -> Content:
    """A tensor of this shape and dtype with random or edge content; it shrinks towards ``random`` with seed 0."""
    kind = draw(st.sampled_from(list(KINDS)))
    seed = draw(st.integers(0, 2**16))
    x = KINDS[kind](shape, seed)
    if dtype.is_complex:
        x = torch.complex(x, KINDS[kind](shape, seed + 7))
    return Content(x.to(dtype), f"{kind} (seed {seed})" if "random" in kind or kind in ("one-hot", "sparse") else kind)


def exported() -> dict[str, type[Operator]]:
    """Every operator class that ``invprior.operators`` exports, by name."""
    return classes(operators, Operator)


@st.composite
def instances(draw: st.DrawFn, kind: type[Operator]) -> Operator:
    """An instance of an operator class for a drawn shape, through its ``example``."""
    shape = draw(shapes())
    rng = draw(st.randoms(use_true_random=False))
    operator = called(f"make an example of {kind.__name__}", partial(_unless_refused, kind, shape, rng))
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
            rng = draw(st.randoms(use_true_random=False))
            try:
                B = kind.example(A.out_shape, rng)
            except InvpriorError:
                continue
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
