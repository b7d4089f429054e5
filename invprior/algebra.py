"""The algebra of operators: composition, adjoint, sum and multiple, by structure."""

from __future__ import annotations

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.operator import LinearOperator, Operator
from invprior.window import Window


def _check_fit(left: Operator, right: Operator) -> None:
    if left.in_shape != right.out_shape:
        raise InvpriorError(
            f"cannot compose {left!r} @ {right!r}: the left takes {left.in_shape}, the right gives {right.out_shape}"
        )


def compose(left: Operator, right: Operator) -> Operator:
    """``left @ right``, where one of them is not linear; an identity vanishes."""
    _check_fit(left, right)
    if left.is_identity:
        return right
    return left if right.is_identity else Composition(left, right)


def compose_linear(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """``left @ right`` of linear operators; an identity vanishes."""
    _check_fit(left, right)
    if left.is_identity:
        return right
    return left if right.is_identity else LinearComposition(left, right)


def scale(operator: LinearOperator, factor: float) -> LinearOperator:
    """``factor * operator``; nested factors are multiplied out and a factor of 1 vanishes."""
    if not isinstance(factor, int | float):
        return NotImplemented
    if isinstance(operator, Scaled):
        factor, operator = factor * operator.factor, operator.inner
    return operator if factor == 1 else Scaled(float(factor), operator)


def _chain(left: Operator, right: Operator) -> tuple[bool | None, bool | None]:
    """Whether left @ right takes and gives complex tensors; an operator with None hands its input's kind on."""
    into = left.in_complex if right.in_complex is None else right.in_complex
    out = right.out_complex if left.out_complex is None else left.out_complex
    return into, out


def _bracket(operator: Operator) -> str:
    return f"({operator!r})" if isinstance(operator, Sum | Scaled) else repr(operator)


class Composition(Operator):
    """(A ∘ B)(x) = A(B(x)), where one of the two is not linear."""

    def __init__(self, left: Operator, right: Operator) -> None:
        super().__init__(right.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex, self.out_complex = _chain(left, right)

    def forward(self, x: Tensor) -> Tensor:
        return self.left(self.right(x))

    def __repr__(self) -> str:
        return f"{_bracket(self.left)} @ {_bracket(self.right)}"


class LinearComposition(LinearOperator):
    """(AB)x = A(Bx)."""

    def __init__(self, left: LinearOperator, right: LinearOperator) -> None:
        super().__init__(right.in_shape, left.out_shape)
        self.left, self.right = left, right
        self.in_complex, self.out_complex = _chain(left, right)

    def forward(self, x: Tensor) -> Tensor:
        return self.left(self.right(x))

    def adjoint(self, y: Tensor) -> Tensor:
        # (AB)ᴴ = BᴴAᴴ
        return self.right.adjoint(self.left.adjoint(y))

    @property
    def H(self) -> LinearOperator:
        return compose_linear(self.right.H, self.left.H)

    def diagonal(self) -> Tensor | None:
        left, right = self.left.diagonal(), self.right.diagonal()
        return None if left is None or right is None else left * right

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        right = self.right.on_window(window)
        left = None if right is None else self.left.on_window(right[1])
        return None if right is None or left is None else (compose_linear(left[0], right[0]), left[1])

    def __repr__(self) -> str:
        return f"{_bracket(self.left)} @ {_bracket(self.right)}"


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
        return f"{self.inner!r}.H" if not isinstance(self.inner, Sum | Scaled) else f"({self.inner!r}).H"


class Sum(LinearOperator):
    """(A + B)x = Ax + Bx."""

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
        return scale(self.inner.H, self.factor)

    def diagonal(self) -> Tensor | None:
        d = self.inner.diagonal()
        return None if d is None else self.factor * d

    def on_window(self, window: Window) -> tuple[LinearOperator, Window] | None:
        inner = self.inner.on_window(window)
        return None if inner is None else (scale(inner[0], self.factor), inner[1])

    def norm(self) -> float:
        # ‖cA‖ = |c| ‖A‖
        return abs(self.factor) * self.inner.norm()

    def __repr__(self) -> str:
        return f"{self.factor:g} * {_bracket(self.inner)}"
