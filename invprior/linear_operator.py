"""Linear operators and their algebra: @ + − * / .H .gram, by structure."""

from __future__ import annotations

import math
from typing import Any, ClassVar, overload

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import Operator, bracket, chain, check_fit
from invprior.shapes import Geometry, Window, as_complex
from invprior.spectral import largest_singular_value


class LinearOperator(Operator):
    """A linear map A. The adjoint Aᴴ comes from autograd unless a subclass gives a faster one.

    ``A(x)`` and ``A.H(y)`` are checked calls; ``forward`` and ``adjoint`` are their unchecked bodies.
    Composition, sums and multiples read as on paper: ``A @ B``, ``A + B``, ``2 * A``, ``A.H``, ``A.gram``.
    """

    def adjoint(self, y: Tensor) -> Tensor:
        """Aᴴy, with ⟨Ax, y⟩ = ⟨x, Aᴴy⟩: the vector-Jacobian product of the linear map at zero."""
        # keep the graph only for a caller that differentiates through Aᴴ itself
        differentiable = torch.is_grad_enabled() and (
            y.requires_grad or any(p.requires_grad for p in self.parameters())
        )
        lead = y.shape[: y.ndim - len(self.out_shape)]
        with torch.inference_mode(False), torch.enable_grad():
            dtype = y.dtype if self.in_complex is None else as_complex(y.dtype, self.in_complex)
            x = torch.zeros(*lead, *self.in_shape, dtype=dtype, device=y.device, requires_grad=True)
            image = self.forward(x)
            if not image.requires_grad:
                return self._adjoint_without_graph(x.detach())
            if y.is_inference():
                y = y.clone()
            grads = torch.autograd.grad(image, x, y, create_graph=differentiable, materialize_grads=True)
        return grads[0]

    def _adjoint_without_graph(self, zero: Tensor) -> Tensor:
        """0 of an operator that is 0; any other whose result hangs on no graph has left torch on the way."""
        if bool((self.forward(torch.ones_like(zero)) != 0).any()):
            raise InvpriorError(
                f"{self!r} cannot be differentiated, since its forward leaves torch on the way (through NumPy, or with "
                "detach); give it adjoint(y)"
            )
        return zero

    @property
    def H(self) -> LinearOperator:
        """The adjoint as an operator; ``A.H.H`` is ``A``."""
        return Adjoint(self)

    @property
    def gram(self) -> LinearOperator:
        """AᴴA."""
        return self.H @ self

    def diagonal(self) -> Tensor | None:
        """The d of Ax = d ⊙ x, of a shape that broadcasts to ``in_shape``; None if A is not diagonal."""
        return None

    def on_rows(self, height: int) -> LinearOperator | None:
        """The same operator on a band of ``height`` rows (axis −2) if it is local, else None.

        Local means: on a band cut out of a picture, A and Aᴴ are exact on all rows but the two next to a cut edge.
        """
        return None

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        """The operator restricted to a window, as a pair (B, w) with B(x[window]) = A(x)[w] for every x.

        w: the measurements that depend on pixels of the window only. None if the operator cannot be restricted, or
        the window is too small to determine any measurement.
        """
        return None

    @property
    def is_selection(self) -> bool:
        """True if A only picks and reorders pixels: AAᴴ = I, and AᴴA is diagonal with zeros and ones."""
        return False

    @property
    def period(self) -> int:
        """A repeats every ``period`` pixels: the factor of a decimation, else 1."""
        return 1

    @property
    def reach(self) -> int:
        """Half-width of A's kernel in pixels; 0 if it is a few pixels at most."""
        return 0

    def geometry(self) -> Geometry | None:
        """Where the output's samples sit, for operators that resample; None for the others."""
        return None

    def norm(self) -> float:
        """The spectral norm ‖A‖₂, as an upper bound within 1e-3 relative.

        The default runs the Lanczos process on AᴴA from a fixed start, in float64 unless the operator holds another
        dtype. Subclasses with a closed form override it.
        """
        buffer = self._held_anywhere()
        dtype = buffer.real.dtype if buffer is not None and buffer.is_floating_point() else torch.float64
        device = buffer.device if buffer is not None else torch.device("cpu")
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.in_shape, generator=rng, dtype=as_complex(dtype, bool(self.in_complex))).to(device)
        with torch.no_grad():
            return largest_singular_value(self.forward, self.adjoint, x)

    def to_dense(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """The matrix, of shape (numel of ``out_shape``, numel of ``in_shape``); for small operators.

        ``dtype`` is that of the basis images that A is applied to.
        """
        n = math.prod(self.in_shape)
        buffer = self._held_anywhere()
        basis = torch.eye(n, dtype=dtype, device=None if buffer is None else buffer.device)
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
        if not isinstance(other, LinearOperator):
            return super().__matmul__(other)
        check_fit(self, other)
        if self.is_identity:
            return other
        return self if other.is_identity else LinearComposition(self, other)

    def __add__(self, other: LinearOperator) -> LinearOperator:
        return Sum(self, other) if isinstance(other, LinearOperator) else NotImplemented

    def __radd__(self, other: int) -> LinearOperator:
        return self if other == 0 else NotImplemented  # sum() starts from 0

    def __sub__(self, other: LinearOperator) -> LinearOperator:
        return self + -other if isinstance(other, LinearOperator) else NotImplemented

    def __neg__(self) -> LinearOperator:
        return -1.0 * self

    def __mul__(self, factor: float) -> LinearOperator:
        return _scale(factor, self) if isinstance(factor, int | float) else NotImplemented

    def __rmul__(self, factor: float) -> LinearOperator:
        return self * factor

    def __truediv__(self, divisor: float) -> LinearOperator:
        if not isinstance(divisor, int | float):
            return NotImplemented
        if divisor == 0:
            raise InvpriorError(f"cannot divide {self!r} by 0")
        return _scale(1 / divisor, self)


def _scale(factor: float, operator: LinearOperator) -> LinearOperator:
    """``factor * operator``; nested factors are multiplied out and a factor of 1 vanishes."""
    if not math.isfinite(factor):
        raise InvpriorError(f"the factor of an operator must be a finite number, got {factor}")
    if isinstance(operator, Scaled):
        factor, operator = factor * operator.factor, operator.inner
    return operator if factor == 1 else Scaled(float(factor), operator)


class LinearComposition(LinearOperator):
    """(AB)x = A(Bx)."""

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        super().__init__(right.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex, self.out_complex = chain(left, right)

    def forward(self, x: Tensor) -> Tensor:
        return self.left(self.right(x))

    def adjoint(self, y: Tensor) -> Tensor:
        # (AB)ᴴ = BᴴAᴴ
        return self.right.adjoint(self.left.adjoint(y))

    @property
    def H(self) -> LinearOperator:
        return self.right.H @ self.left.H

    def diagonal(self) -> Tensor | None:
        left, right = self.left.diagonal(), self.right.diagonal()
        return None if left is None or right is None else left * right

    @property
    def is_selection(self) -> bool:
        return self.left.is_selection and self.right.is_selection

    @property
    def period(self) -> int:
        return self.left.period * self.right.period

    @property
    def reach(self) -> int:
        # a pixel between the two operators is right.period pixels of the image wide
        return self.right.reach + self.right.period * self.left.reach

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        right = self.right.on_window(window)
        left = None if right is None else self.left.on_window(right[1])
        return None if right is None or left is None else (left[0] @ right[0], left[1])

    def __repr__(self) -> str:
        return f"{bracket(self.left)} @ {bracket(self.right)}"


class Adjoint(LinearOperator):
    """Aᴴ."""

    def __init__(self, inner: LinearOperator) -> None:
        super().__init__(inner.out_shape, inner.in_shape)
        self.inner = inner
        self.in_complex, self.out_complex = inner.out_complex, inner.in_complex

    def forward(self, x: Tensor) -> Tensor:
        return self.inner.adjoint(x)

    def adjoint(self, y: Tensor) -> Tensor:
        return self.inner.forward(y)

    @property
    def H(self) -> LinearOperator:
        return self.inner

    def diagonal(self) -> Tensor | None:
        d = self.inner.diagonal()
        return None if d is None else d.conj()

    def norm(self) -> float:
        # ‖Aᴴ‖ = ‖A‖
        return self.inner.norm()

    def _held(self) -> Tensor | None:
        return self.inner._held()

    def __repr__(self) -> str:
        return f"{bracket(self.inner)}.H"


class Sum(LinearOperator):
    """(A + B)x = Ax + Bx."""

    is_sum: ClassVar[bool] = True

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        if (left.in_shape, left.out_shape) != (right.in_shape, right.out_shape):
            raise InvpriorError(
                f"cannot add {left!r} ({left.in_shape} to {left.out_shape}) and "
                f"{right!r} ({right.in_shape} to {right.out_shape}): the shapes must agree"
            )
        super().__init__(left.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex = right.in_complex if left.in_complex is None else left.in_complex
        self.out_complex = right.out_complex if left.out_complex is None else left.out_complex

    def forward(self, x: Tensor) -> Tensor:
        return self.left(x) + self.right(x)

    def adjoint(self, y: Tensor) -> Tensor:
        # (A + B)ᴴ = Aᴴ + Bᴴ
        return self.left.adjoint(y) + self.right.adjoint(y)

    @property
    def H(self) -> LinearOperator:
        return Sum(self.left.H, self.right.H)

    def diagonal(self) -> Tensor | None:
        left, right = self.left.diagonal(), self.right.diagonal()
        return None if left is None or right is None else left + right

    def __repr__(self) -> str:
        return f"{self.left!r} + {self.right!r}"


class Scaled(LinearOperator):
    """(cA)x = c(Ax), c real."""

    is_sum: ClassVar[bool] = True

    def __init__(self, factor: float, inner: LinearOperator) -> None:
        super().__init__(inner.in_shape, inner.out_shape)
        self.factor, self.inner = factor, inner
        self.in_complex, self.out_complex = inner.in_complex, inner.out_complex

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * self.inner(x)

    def adjoint(self, y: Tensor) -> Tensor:
        # (cA)ᴴ = cAᴴ
        return self.factor * self.inner.adjoint(y)

    @property
    def H(self) -> LinearOperator:
        return self.factor * self.inner.H

    def diagonal(self) -> Tensor | None:
        d = self.inner.diagonal()
        return None if d is None else self.factor * d

    @property
    def period(self) -> int:
        return self.inner.period

    @property
    def reach(self) -> int:
        return self.inner.reach

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        inner = self.inner.on_window(window)
        return None if inner is None else (self.factor * inner[0], inner[1])

    def norm(self) -> float:
        # ‖cA‖ = |c| ‖A‖
        return abs(self.factor) * self.inner.norm()

    def __repr__(self) -> str:
        return f"{self.factor:g} * {bracket(self.inner)}"
