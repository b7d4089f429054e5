"""Operators: maps between spaces of images, with shapes fixed at construction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, overload

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError

if TYPE_CHECKING:
    from invprior.functional import Functional, Term

Shape = tuple[int, ...]


def as_shape(shape: Iterable[int]) -> Shape:
    """Return the shape as a tuple of positive ints, or say what is wrong with it."""
    out = tuple(int(n) for n in shape)
    if not out or min(out) < 1:
        raise InvpriorError(f"a shape needs at least one axis and positive sizes, got {out}")
    return out


def check_tensor(name: str, x: Tensor, shape: Shape, held: Tensor | None = None) -> None:
    """Raise unless ``x`` is a floating tensor of shape (..., *shape) that fits the tensor ``held`` by ``name``."""
    if not isinstance(x, Tensor):
        raise InvpriorError(f"{name} takes a torch tensor, got {type(x).__name__}; torch.as_tensor makes one")
    if not (x.is_floating_point() or x.is_complex()):
        raise InvpriorError(f"{name} takes a floating tensor, got {x.dtype}; scale it to [0, 1] as a float first")
    if x.ndim < len(shape) or tuple(x.shape[x.ndim - len(shape) :]) != shape:
        want = ", ".join(["...", *map(str, shape)])
        raise InvpriorError(f"{name} takes shape ({want}), got {tuple(x.shape)}")
    if held is None:
        return
    if held.device != x.device:
        raise InvpriorError(f"{name} is on {held.device} but got a tensor on {x.device}; move one with .to()")
    inexact = held.is_floating_point() or held.is_complex()
    if inexact and held.real.dtype != x.real.dtype:
        raise InvpriorError(f"{name} holds {held.dtype} but got {x.dtype}; convert one with .to()")


class Operator(nn.Module):
    """A map A from images of shape ``in_shape`` to measurements of shape ``out_shape``.

    A subclass implements :meth:`forward`. Leading axes of the input are a batch; they pass through unchanged.
    Calling the operator checks shape, dtype and device first; ``forward`` itself need not.

    Parameters
    ----------
    in_shape, out_shape
        Event shapes, for an image ``(C, H, W)``.
    """

    is_identity: ClassVar[bool] = False

    def __init__(self, in_shape: Iterable[int], out_shape: Iterable[int]) -> None:
        super().__init__()
        self.in_shape = as_shape(in_shape)
        self.out_shape = as_shape(out_shape)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(x)")

    def __call__(self, x: Tensor) -> Tensor:
        check_tensor(repr(self), x, self.in_shape, self._held())
        out: Tensor = super().__call__(x)
        return out

    def _held(self) -> Tensor | None:
        """A tensor whose dtype and device the input must share; parts of a composition check their own."""
        tensors = [t for t in (*self._buffers.values(), *self._parameters.values()) if t is not None]
        return next((t for t in tensors if t.is_floating_point() or t.is_complex()), tensors[0] if tensors else None)

    def __matmul__(self, other: Operator) -> Operator:
        from invprior import algebra  # algebra builds on this module

        if not isinstance(other, Operator):
            return NotImplemented
        return algebra.compose(self, other)

    def extra_repr(self) -> str:
        return str(self.in_shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class LinearOperator(Operator):
    """A linear map A. The adjoint Aᴴ comes from autograd unless a subclass gives a faster one.

    ``A(x)`` and ``A.H(y)`` are checked calls; ``forward`` and ``adjoint`` are their unchecked bodies.
    Composition, sums and multiples read as on paper: ``A @ B``, ``A + B``, ``2 * A``, ``A.H``, ``A.gram``.
    """

    def adjoint(self, y: Tensor) -> Tensor:
        """Aᴴy, with ⟨Ax, y⟩ = ⟨x, Aᴴy⟩: the vector-Jacobian product of the linear map at zero."""
        differentiable = torch.is_grad_enabled() and y.requires_grad
        lead = y.shape[: y.ndim - len(self.out_shape)]
        with torch.enable_grad():
            x = torch.zeros(*lead, *self.in_shape, dtype=y.dtype, device=y.device, requires_grad=True)
            grads = torch.autograd.grad(self.forward(x), x, y, create_graph=differentiable, materialize_grads=True)
        return grads[0]

    @property
    def H(self) -> LinearOperator:
        """The adjoint as an operator; ``A.H.H`` is ``A``."""
        from invprior import algebra

        return algebra.Adjoint(self)

    @property
    def gram(self) -> LinearOperator:
        """AᴴA."""
        from invprior import algebra

        return algebra.compose_linear(self.H, self)

    def diagonal(self) -> Tensor | None:
        """The entries d, of a shape that broadcasts to ``in_shape``, where Ax = d ⊙ x; None for other maps."""
        return None

    def norm(self) -> float:
        """The spectral norm ‖A‖₂, an upper bound to within 1e-3 relative.

        Power iteration on AᴴA from a fixed start, in float64 unless the operator holds another dtype; subclasses
        with a closed form override it.
        """
        held = self._held_anywhere()
        dtype = held.real.dtype if held is not None and held.is_floating_point() else torch.float64
        device = held.device if held is not None else torch.device("cpu")
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.in_shape, generator=rng, dtype=dtype).to(device)
        with torch.no_grad():
            return _power_iteration(self, x)

    def _held_anywhere(self) -> Tensor | None:
        return next((t for t in self.buffers() if t.is_floating_point() or t.is_complex()), None)

    @overload
    def __matmul__(self, other: LinearOperator) -> LinearOperator: ...
    @overload
    def __matmul__(self, other: Operator) -> Operator: ...
    def __matmul__(self, other: Operator) -> Operator:
        from invprior import algebra

        if isinstance(other, LinearOperator):
            return algebra.compose_linear(self, other)
        return super().__matmul__(other)

    def __rmatmul__(self, functional: Functional) -> Term:
        from invprior.functional import Functional, Term

        if not isinstance(functional, Functional):
            return NotImplemented
        return Term(functional, self)

    def __add__(self, other: LinearOperator) -> LinearOperator:
        from invprior import algebra

        return algebra.Sum(self, other)

    def __sub__(self, other: LinearOperator) -> LinearOperator:
        return self + (-1.0) * other

    def __neg__(self) -> LinearOperator:
        return (-1.0) * self

    def __mul__(self, scale: float) -> LinearOperator:
        from invprior import algebra

        return algebra.scale(self, scale)

    def __rmul__(self, scale: float) -> LinearOperator:
        return self * scale


def _power_iteration(A: LinearOperator, x: Tensor, tol: float = 1e-4, most: int = 500) -> float:
    """The largest singular value; the returned 0.1 % margin covers what is left of the iteration."""
    previous = 0.0
    for _ in range(most):
        length = float(torch.linalg.vector_norm(x))
        if length == 0.0 or not math.isfinite(length):
            return length
        x = A.adjoint(A.forward(x / length))
        current = math.sqrt(float(torch.linalg.vector_norm(x)))
        if abs(current - previous) <= tol * current:
            break
        previous = current
    return 1.001 * current
