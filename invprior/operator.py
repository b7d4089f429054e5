"""Operators: maps between spaces of images, with shapes fixed at construction, and their algebra: @ + − * /."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from random import Random
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.shapes import Shape, as_shape, check_tensor, same_kind


@checked
class Operator(nn.Module):
    """A map A from images of shape ``in_shape`` to measurements of shape ``out_shape``.

    A subclass implements :meth:`forward`. Leading axes of the input are a batch; they pass through unchanged.
    Calling the operator checks shape, dtype and device first, and the shape of the result; ``forward`` itself need not.
    Operators compose and add as on paper, linear or not: ``A @ B``, ``A + B``, ``A - B``, ``2 * A``, ``A / 2``.

    Parameters
    ----------
    in_shape, out_shape
        Event shapes, for an image ``(C, H, W)``.

    Attributes
    ----------
    in_complex, out_complex
        True: always complex. False: always real. None: either, and the output is of the same kind as the input.
    precision
        The real dtype that it computes in, whatever it is given; the laws are measured in it alone. None: that of its
        input.
    """

    is_identity: ClassVar[bool] = False
    is_sum: ClassVar[bool] = False  # a sum or multiple, which a product prints in brackets
    in_complex: bool | None = None
    out_complex: bool | None = None
    precision: torch.dtype | None = None

    def __init__(self, in_shape: Iterable[int], out_shape: Iterable[int]) -> None:
        super().__init__()
        self.in_shape = as_shape(in_shape)
        self.out_shape = as_shape(out_shape)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(x)")

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Self:
        """An instance for images of this event shape with settings drawn from ``rng``, for the conformance laws.

        The default calls the constructor with the shape alone.

        Raises
        ------
        InvpriorError
            If the operator has no instance for this shape.
        """
        return cls(shape)  # type: ignore[call-arg]

    def __call__(self, x: Tensor) -> Tensor:
        check_tensor(repr(self), x, self.in_shape, self._held())
        if self.in_complex is not None and x.is_complex() != self.in_complex:
            kind = "complex" if self.in_complex else "real"
            raise InvpriorError(f"{self!r} takes a {kind} tensor, got {x.dtype}")
        out = traced(self, super().__call__, x)
        want = (*x.shape[: x.ndim - len(self.in_shape)], *self.out_shape)
        if not isinstance(out, Tensor) or tuple(out.shape) != want:
            got = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
            raise InvpriorError(
                f"{self!r} declares a result of shape {want} for {tuple(x.shape)}, and its forward gave {got}; correct "
                "out_shape or forward"
            )
        if x.requires_grad and torch.is_grad_enabled() and not out.requires_grad:
            check_constant(self, x)
        return out

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # what moves a module goes through here, ``.to(torch.float64)`` and ``.double()`` included
        return super()._apply(same_kind(fn), recurse)  # type: ignore[no-any-return,no-untyped-call]

    def start(self, y: Tensor) -> Tensor | None:
        """An image to start from, made of a measurement without noise; None if the operator knows none.

        It need not be good: solvers of nonlinear problems start from it, and it tells them the range of the values.
        """
        return None

    def _held(self) -> Tensor | None:
        """A tensor whose dtype and device the input must share; parts of a composition check their own."""
        tensors = [t for t in (*self._buffers.values(), *self._parameters.values()) if t is not None]
        return next((t for t in tensors if t.is_floating_point() or t.is_complex()), tensors[0] if tensors else None)

    def __matmul__(self, other: Operator) -> Operator:
        if not isinstance(other, Operator):
            return NotImplemented
        check_fit(self, other)
        if self.is_identity:
            return other
        return self if other.is_identity else Composition(self, other)

    def __add__(self, other: Operator) -> Operator:
        return Sum(self, other) if isinstance(other, Operator) else NotImplemented

    def __radd__(self, other: int) -> Operator:
        return self if other == 0 else NotImplemented  # sum() starts from 0

    def __sub__(self, other: Operator) -> Operator:
        return self + -other if isinstance(other, Operator) else NotImplemented

    def __neg__(self) -> Operator:
        return -1.0 * self

    def __mul__(self, factor: float) -> Operator:
        return _scale(factor, self) if isinstance(factor, int | float) else NotImplemented

    def __rmul__(self, factor: float) -> Operator:
        return self * factor

    def __truediv__(self, divisor: float) -> Operator:
        if not isinstance(divisor, int | float):
            return NotImplemented
        if divisor == 0:
            raise InvpriorError(f"cannot divide {self!r} by 0")
        return _scale(1 / divisor, self)

    def _scaled(self, factor: float) -> Scaled:
        return Scaled(factor, self)

    def extra_repr(self) -> str:
        return str(self.in_shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


def check_fit(left: Operator, right: Operator) -> None:
    """Raise unless ``left.in_shape`` is ``right.out_shape``."""
    if left.in_shape != right.out_shape:
        raise InvpriorError(
            f"cannot compose {left!r} @ {right!r}: the left takes {left.in_shape}, the right gives {right.out_shape}"
        )


def chain(left: Operator, right: Operator) -> tuple[bool | None, bool | None]:
    """``in_complex`` and ``out_complex`` of left @ right; an operator with None passes the kind of its input on."""
    into = left.in_complex if right.in_complex is None else right.in_complex
    out = right.out_complex if left.out_complex is None else left.out_complex
    return into, out


def bracket(operator: Operator) -> str:
    """The operator as a factor of a product: sums and multiples in brackets."""
    return f"({operator!r})" if operator.is_sum else repr(operator)


def traced(operator: Operator, f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """f(x), a part of the operator; that it cannot be differentiated is said in a sentence."""
    try:
        return f(x)
    except RuntimeError as error:
        if "numpy() on Tensor that requires grad" in str(error):
            raise InvpriorError(left_torch(operator)) from error
        raise


def left_torch(operator: Operator) -> str:
    return (
        f"{operator!r} cannot be differentiated, since its forward leaves torch on the way (through NumPy, or with "
        "detach); write it in torch, or give forward and adjoint to interop.from_numpy"
    )


def check_constant(operator: Operator, x: Tensor) -> None:
    """Raise unless the operator is constant: any other whose result hangs on no graph has left torch on the way."""
    with torch.no_grad():
        there, beside = operator.forward(x.detach()), operator.forward(x.detach() + 1)
    if bool((there != beside).any()):
        raise InvpriorError(left_torch(operator))


def _scale(factor: float, operator: Operator) -> Operator:
    """``factor * operator``; nested factors are multiplied out and a factor of 1 vanishes."""
    if not math.isfinite(factor):
        raise InvpriorError(f"the factor of an operator must be a finite number, got {factor}")
    if isinstance(operator, Scaled):
        factor, operator = factor * operator.factor, operator.inner
    return operator if factor == 1 else operator._scaled(float(factor))


class Composition(Operator):
    """(A ∘ B)(x) = A(B(x))."""

    def __init__(self, left: Operator, right: Operator) -> None:
        super().__init__(right.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex, self.out_complex = chain(left, right)
        self.precision = left.precision or right.precision

    def forward(self, x: Tensor) -> Tensor:
        return self.left(self.right(x))

    def start(self, y: Tensor) -> Tensor | None:
        between = self.left.start(y)
        return None if between is None else self.right.start(between)

    def __repr__(self) -> str:
        return f"{bracket(self.left)} @ {bracket(self.right)}"


class Sum(Operator):
    """(A + B)(x) = A(x) + B(x)."""

    is_sum: ClassVar[bool] = True

    def __init__(self, left: Operator, right: Operator) -> None:
        if (left.in_shape, left.out_shape) != (right.in_shape, right.out_shape):
            raise InvpriorError(
                f"cannot add {left!r} ({left.in_shape} to {left.out_shape}) and "
                f"{right!r} ({right.in_shape} to {right.out_shape}): the shapes must agree"
            )
        super().__init__(left.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex = right.in_complex if left.in_complex is None else left.in_complex
        self.out_complex = right.out_complex if left.out_complex is None else left.out_complex
        self.precision = left.precision or right.precision

    def forward(self, x: Tensor) -> Tensor:
        return self.left(x) + self.right(x)

    def __repr__(self) -> str:
        return f"{self.left!r} + {self.right!r}"


class Scaled(Operator):
    """(cA)(x) = c A(x), c real."""

    is_sum: ClassVar[bool] = True

    def __init__(self, factor: float, inner: Operator) -> None:
        super().__init__(inner.in_shape, inner.out_shape)
        self.factor, self.inner = factor, inner
        self.in_complex, self.out_complex, self.precision = inner.in_complex, inner.out_complex, inner.precision

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * self.inner(x)

    def start(self, y: Tensor) -> Tensor | None:
        return self.inner.start(y / self.factor) if self.factor else None

    def __repr__(self) -> str:
        return f"{self.factor:g} * {bracket(self.inner)}"
