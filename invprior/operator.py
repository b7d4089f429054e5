"""Operators: maps between spaces of images, with shapes fixed at construction."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import ClassVar, Self

from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.shapes import Shape, as_shape, check_tensor


class Operator(nn.Module):
    """A map A from images of shape ``in_shape`` to measurements of shape ``out_shape``.

    A subclass implements :meth:`forward`. Leading axes of the input are a batch; they pass through unchanged.
    Calling the operator checks shape, dtype and device first; ``forward`` itself need not.

    Parameters
    ----------
    in_shape, out_shape
        Event shapes, for an image ``(C, H, W)``.

    Attributes
    ----------
    in_complex, out_complex
        True: always complex. False: always real. None: either, and the output is of the same kind as the input.
    """

    is_identity: ClassVar[bool] = False
    is_sum: ClassVar[bool] = False  # a sum or multiple, which a product prints in brackets
    in_complex: bool | None = None
    out_complex: bool | None = None

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
        out: Tensor = super().__call__(x)
        return out

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


class Composition(Operator):
    """(A ∘ B)(x) = A(B(x)), where one of the two is not linear."""

    def __init__(self, left: Operator, right: Operator) -> None:
        super().__init__(right.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex, self.out_complex = chain(left, right)

    def forward(self, x: Tensor) -> Tensor:
        return self.left(self.right(x))

    def __repr__(self) -> str:
        return f"{bracket(self.left)} @ {bracket(self.right)}"
