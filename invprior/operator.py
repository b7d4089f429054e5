"""Operators: maps between spaces of images, with shapes fixed at construction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import torch
from scipy.linalg import eigh_tridiagonal
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.window import Window

if TYPE_CHECKING:
    from invprior.functional import Functional, Term

Shape = tuple[int, ...]

# Rows at the cut edge of a band on which a local operator may differ, see ``LinearOperator.on_rows``.
REACH = 2


def as_shape(shape: Iterable[int]) -> Shape:
    """Return the shape as a tuple of positive ints, or say what is wrong with it."""
    out = tuple(int(n) for n in shape)
    if not out or min(out) < 1:
        raise InvpriorError(f"a shape needs at least one axis and positive sizes, got {out}")
    return out


def check_broadcast(name: str, x: Tensor, shape: Shape) -> None:
    """Raise unless ``x`` broadcasts to the event shape."""
    try:
        fits = torch.broadcast_shapes(x.shape, shape) == shape
    except RuntimeError:
        fits = False
    if not fits:
        raise InvpriorError(f"{name} of shape {tuple(x.shape)} does not fit an image of shape {shape}")


def as_complex(dtype: torch.dtype, is_complex: bool) -> torch.dtype:
    """The complex or the real dtype of the same precision."""
    real = torch.zeros((), dtype=dtype).real.dtype
    return torch.complex(torch.zeros((), dtype=real), torch.zeros((), dtype=real)).dtype if is_complex else real


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

    Attributes
    ----------
    in_complex, out_complex
        True: always complex. False: always real. None: as the input is, and the output as the input.
    """

    is_identity: ClassVar[bool] = False
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
        from invprior import algebra  # algebra builds on this module

        if not isinstance(other, Operator):
            return NotImplemented
        return algebra.compose(self, other)

    def extra_repr(self) -> str:
        return str(self.in_shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the samples of a resampling operator sit, in pixel coordinates of its input.

    Attributes
    ----------
    rows, cols
        Positions of the output's rows and columns, float64.
    inside
        Boolean (rows, cols): where a linear ramp is reproduced.
    tolerance
        How far in pixels a ramp may land off, rounding apart.
    """

    rows: Tensor
    cols: Tensor
    inside: Tensor
    tolerance: float = 0.0


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
            dtype = y.dtype if self.in_complex is None else as_complex(y.dtype, self.in_complex)
            x = torch.zeros(*lead, *self.in_shape, dtype=dtype, device=y.device, requires_grad=True)
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

    def on_rows(self, height: int) -> LinearOperator | None:
        """The same operator on a band of so many rows, axis −2, where it is local; None for other operators.

        Local: on a band cut out of a picture, A and Aᴴ are right on all rows but the two at a cut edge.
        """
        return None

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        """The operator on the pixels of a window alone, as a pair (B, w) with B(x[window]) = A(x)[w] for every x.

        w holds the measured values that no pixel outside has a part in. None for operators that know of no such part,
        and for windows too small to determine any value.
        """
        return None

    def geometry(self) -> Geometry | None:
        """Where the output's samples sit, for operators that resample; None for the others."""
        return None

    def norm(self) -> float:
        """The spectral norm ‖A‖₂, an upper bound to within 1e-3 relative.

        By the Lanczos process on AᴴA from a fixed start, in float64 unless the operator holds another dtype;
        subclasses with a closed form override it.
        """
        held = self._held_anywhere()
        dtype = held.real.dtype if held is not None and held.is_floating_point() else torch.float64
        device = held.device if held is not None else torch.device("cpu")
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.in_shape, generator=rng, dtype=as_complex(dtype, bool(self.in_complex))).to(device)
        with torch.no_grad():
            return _lanczos_norm(self, x)

    def to_dense(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """The matrix, of shape (numel of ``out_shape``, numel of ``in_shape``); for small operators.

        ``dtype`` is that of the images the columns are made from.
        """
        n = math.prod(self.in_shape)
        held = self._held_anywhere()
        basis = torch.eye(n, dtype=dtype, device=None if held is None else held.device)
        return self(basis.reshape(n, *self.in_shape)).reshape(n, -1).T

    def as_scipy(self, dtype: torch.dtype = torch.float64) -> Any:
        """A ``scipy.sparse.linalg.LinearOperator`` on flattened arrays, for SciPy's own solvers (lsqr, svds, …)."""
        from scipy.sparse.linalg import LinearOperator as ScipyOperator

        def through(operator: LinearOperator) -> Any:
            def apply(vector: Any) -> Any:
                kind = as_complex(dtype, operator.in_complex) if operator.in_complex is not None else dtype
                x = torch.as_tensor(vector).to(kind).reshape(operator.in_shape)
                return operator(x).reshape(-1).numpy()

            return apply

        shape = (math.prod(self.out_shape), math.prod(self.in_shape))
        kind = as_complex(dtype, True) if self.in_complex or self.out_complex else dtype
        return ScipyOperator(
            shape=shape, dtype=torch.zeros((), dtype=kind).numpy().dtype, matvec=through(self), rmatvec=through(self.H)
        )

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


def _lanczos_norm(A: LinearOperator, x: Tensor, tol: float = 1e-6, most: int = 100) -> float:
    """An upper bound of the largest singular value, from k steps of the Lanczos process on AᴴA.

    The largest Ritz value θ errs by at most its residual β_k |s_k| (Paige 1980), so that √(θ + β_k |s_k|) bounds ‖A‖
    once θ has found the top of the spectrum. Only three images are held: lost orthogonality makes copies of found
    values and moves none.
    """
    length = torch.linalg.vector_norm(x)
    v, before, beta = x / length, torch.zeros_like(x), 0.0
    diagonal: list[float] = []
    below: list[float] = []
    bound = 0.0
    for _ in range(most):
        w = A.adjoint(A.forward(v)) - beta * before
        alpha = float(torch.linalg.vecdot(v.reshape(-1), w.reshape(-1)).real)
        w = w - alpha * v
        beta = float(torch.linalg.vector_norm(w))
        diagonal.append(alpha)
        if not math.isfinite(alpha + beta):
            return math.nan
        values, vectors = eigh_tridiagonal(diagonal, below, select="i", select_range=(len(below), len(below)))
        theta, residual = float(values[-1]), beta * abs(float(vectors[-1, -1]))
        bound = math.sqrt(max(theta + residual, 0.0))
        if residual <= tol * abs(theta) or beta <= 1e-14 * abs(theta):
            break
        below.append(beta)
        before, v = v, w / beta
    return bound
