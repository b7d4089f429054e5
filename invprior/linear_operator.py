"""Linear operators and their algebra: @ + − * / .H .T .gram, by structure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

import torch
from torch import Tensor

from invprior.operator import Composition, Operator, Scaled, Sum, bracket, check_constant, check_fit, traced
from invprior.shapes import Geometry, Window, as_complex
from invprior.spectral import largest_singular_value


class LinearOperator(Operator):
    """A linear map A. The adjoint Aᴴ comes from autograd unless a subclass gives a faster one.

    ``A(x)`` and ``A.H(y)`` are checked calls; ``forward`` and ``adjoint`` are their unchecked bodies.
    Composition, sums and multiples read as on paper: ``A @ B``, ``A + B``, ``2 * A``, ``A.H``, ``A.gram``.
    Gradients of what the operator is made of, its parameters or what its tensors were computed from, go through all of
    them.
    """

    def adjoint(self, y: Tensor) -> Tensor:
        """Aᴴy, with ⟨Ax, y⟩ = ⟨x, Aᴴy⟩: the vector-Jacobian product of the linear map at zero."""
        lead = y.shape[: y.ndim - len(self.out_shape)]
        recorded = torch.is_grad_enabled()
        with torch.inference_mode(False), torch.enable_grad():
            dtype = y.dtype if self.in_complex is None else as_complex(y.dtype, self.in_complex)
            x = torch.zeros(*lead, *self.in_shape, dtype=dtype, device=y.device, requires_grad=True)
            image = traced(self, self.forward, x)
            if not image.requires_grad:
                check_constant(self, x)
                return x.detach()
            if y.is_inference():
                y = y.clone()
            # keep the graph only for a caller that differentiates through Aᴴ itself
            differentiable = recorded and (y.requires_grad or _hangs_on_more(image, x))
            grads = torch.autograd.grad(image, x, y, create_graph=differentiable, materialize_grads=True)
        return grads[0]

    @property
    def H(self) -> LinearOperator:
        """The adjoint as an operator; ``A.H.H`` is ``A``."""
        return Adjoint(self)

    @property
    def T(self) -> LinearOperator:
        """The transpose: for real A the adjoint, for a complex one its conjugate."""
        return Transpose(self) if self.in_complex or self.out_complex else self.H

    def pseudo_inverse(self, y: Tensor) -> Tensor | None:
        """A⁺y, the image of least norm that fits y best; None, the default, unless the operator has it in closed form.

        Solvers start from it where there is one, since it is nearer to a solution than c·Aᴴy.
        """
        return None

    def start(self, y: Tensor) -> Tensor:
        """A⁺y where :meth:`pseudo_inverse` knows it, else c·Aᴴy with the real c that fits y best."""
        found = self.pseudo_inverse(y)
        if found is not None:
            return found
        with torch.no_grad():
            back = self.H(y)
            image = self(back)
            energy = image.abs().square().sum()
            return torch.where(energy > 0, (y.conj() * image).real.sum() / energy, 0) * back

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
        dtype, device = self._kind()
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.in_shape, generator=rng, dtype=as_complex(dtype, bool(self.in_complex))).to(device)
        with torch.no_grad():
            return largest_singular_value(self.forward, self.adjoint, x)

    def to_dense(self, dtype: torch.dtype | None = None) -> Tensor:
        """The matrix, of shape (numel of ``out_shape``, numel of ``in_shape``); for small operators.

        ``dtype`` is that of the basis images that A is applied to; by default of the precision that the operator holds,
        float64 if it holds none.
        """
        n = math.prod(self.in_shape)
        real, device = self._kind()
        basis = torch.eye(n, dtype=as_complex(real, bool(self.in_complex)) if dtype is None else dtype, device=device)
        return self(basis.reshape(n, *self.in_shape)).reshape(n, -1).T

    def as_scipy(self, dtype: torch.dtype | None = None) -> Any:
        """A ``scipy.sparse.linalg.LinearOperator`` on flattened arrays, for SciPy's own solvers (lsqr, svds, …).

        It computes in ``dtype``, by default in the precision that the operator holds, float64 if it holds none.
        """
        from scipy.sparse.linalg import LinearOperator as ScipyOperator

        held, device = self._kind()
        real = held if dtype is None else as_complex(dtype, False)

        def through(operator: LinearOperator) -> Any:
            def apply(vector: Any) -> Any:
                x = torch.as_tensor(vector)
                is_complex = operator.in_complex
                kind = as_complex(real, x.is_complex() if is_complex is None else is_complex)
                with torch.no_grad():
                    out = operator(x.to(device=device, dtype=kind).reshape(operator.in_shape))
                return out.reshape(-1).cpu().numpy()

            return apply

        shape = (math.prod(self.out_shape), math.prod(self.in_shape))
        kind = as_complex(real, bool(self.in_complex or self.out_complex))
        return ScipyOperator(
            shape=shape, dtype=torch.zeros((), dtype=kind).numpy().dtype, matvec=through(self), rmatvec=through(self.H)
        )

    def _kind(self) -> tuple[torch.dtype, torch.device]:
        """The precision and the device of the first floating tensor that it holds; float64 on the CPU without one."""
        held = (t for t in (*self.buffers(), *self.parameters()) if t.is_floating_point() or t.is_complex())
        first = next(held, torch.zeros((), dtype=torch.float64))
        return self.precision or first.real.dtype, first.device

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

    @overload
    def __add__(self, other: LinearOperator) -> LinearOperator: ...
    @overload
    def __add__(self, other: Operator) -> Operator: ...
    def __add__(self, other: Operator) -> Operator:
        return LinearSum(self, other) if isinstance(other, LinearOperator) else super().__add__(other)

    def _scaled(self, factor: float) -> LinearScaled:
        return LinearScaled(factor, self)

    if TYPE_CHECKING:  # of linear operators these are linear

        def __radd__(self, other: int) -> LinearOperator: ...
        @overload
        def __sub__(self, other: LinearOperator) -> LinearOperator: ...
        @overload
        def __sub__(self, other: Operator) -> Operator: ...
        def __sub__(self, other: Operator) -> Operator: ...
        def __neg__(self) -> LinearOperator: ...
        def __mul__(self, factor: float) -> LinearOperator: ...
        def __rmul__(self, factor: float) -> LinearOperator: ...
        def __truediv__(self, divisor: float) -> LinearOperator: ...


def _hangs_on_more(result: Tensor, x: Tensor) -> bool:
    """True if a gradient of ``result`` would reach any leaf but x."""
    waiting, seen = [result.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if getattr(node, "variable", x) is not x:
            return True
        waiting += [following for following, _ in node.next_functions]
    return False


class LinearComposition(Composition, LinearOperator):
    """(AB)x = A(Bx)."""

    left: LinearOperator
    right: LinearOperator

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        super().__init__(left, right)

    def start(self, y: Tensor) -> Tensor:
        return LinearOperator.start(self, y)

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


class Adjoint(LinearOperator):
    """Aᴴ."""

    def __init__(self, inner: LinearOperator) -> None:
        super().__init__(inner.out_shape, inner.in_shape)
        self.inner = inner
        self.in_complex, self.out_complex, self.precision = inner.out_complex, inner.in_complex, inner.precision

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


class Transpose(LinearOperator):
    """Aᵀ = conj ∘ Aᴴ ∘ conj."""

    def __init__(self, inner: LinearOperator) -> None:
        super().__init__(inner.out_shape, inner.in_shape)
        self.inner = inner
        self.in_complex, self.out_complex, self.precision = inner.out_complex, inner.in_complex, inner.precision

    def forward(self, x: Tensor) -> Tensor:
        return self.inner.adjoint(x.conj().resolve_conj()).conj().resolve_conj()

    def adjoint(self, y: Tensor) -> Tensor:
        return self.inner.forward(y.conj().resolve_conj()).conj().resolve_conj()

    @property
    def T(self) -> LinearOperator:
        return self.inner

    def norm(self) -> float:
        # ‖Aᵀ‖ = ‖A‖
        return self.inner.norm()

    def _held(self) -> Tensor | None:
        return self.inner._held()

    def __repr__(self) -> str:
        return f"{bracket(self.inner)}.T"


class LinearSum(Sum, LinearOperator):
    """(A + B)x = Ax + Bx."""

    left: LinearOperator
    right: LinearOperator

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        super().__init__(left, right)

    def adjoint(self, y: Tensor) -> Tensor:
        # (A + B)ᴴ = Aᴴ + Bᴴ
        return self.left.adjoint(y) + self.right.adjoint(y)

    @property
    def H(self) -> LinearOperator:
        return LinearSum(self.left.H, self.right.H)

    def diagonal(self) -> Tensor | None:
        left, right = self.left.diagonal(), self.right.diagonal()
        return None if left is None or right is None else left + right


class LinearScaled(Scaled, LinearOperator):
    """(cA)x = c(Ax), c real."""

    inner: LinearOperator

    def __init__(self, factor: float, inner: LinearOperator) -> None:
        super().__init__(factor, inner)

    def start(self, y: Tensor) -> Tensor:
        return LinearOperator.start(self, y)

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
