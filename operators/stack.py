"""Several measurements of one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any, cast

import torch
from torch import Tensor, nn

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.mask import Mask
from invprior.shapes import Shape


class AnyStack(Operator):
    """A(x) = (A₁(x), …, A_K(x)), each part flattened and joined into one vector; what ``Stack`` gives where an A_k is
    not linear.
    """

    def __init__(self, *operators: Operator) -> None:
        for A in operators:
            if not isinstance(A, Operator):
                raise InvpriorError(f"Stack takes operators, got {shown(A)}")
        if not operators:
            raise InvpriorError("Stack takes at least one operator")
        first = operators[0]
        for A in operators[1:]:
            if A.in_shape != first.in_shape:
                raise InvpriorError(
                    f"cannot stack {first!r} and {A!r}: one takes {first.in_shape}, the other {A.in_shape}"
                )
        takes = {A.in_complex for A in operators if A.in_complex is not None}
        gives = {A.in_complex if A.out_complex is None else A.out_complex for A in operators}
        if takes and None in gives:  # an operator that keeps its input's kind gets the kind that another prescribes
            gives = gives - {None} | takes
        if len(takes) > 1 or len(gives) > 1:
            raise InvpriorError(
                f"cannot stack {', '.join(map(repr, operators))}: some are real where others are complex; "
                "make them several data terms with Problem.from_terms"
            )
        super().__init__(first.in_shape, (sum(math.prod(A.out_shape) for A in operators),))
        self.in_complex, self.out_complex = next(iter(takes), None), next(iter(gives))
        self._list = nn.ModuleList(operators)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators, in order."""
        return tuple(cast(Operator, A) for A in self._list)

    def forward(self, x: Tensor) -> Tensor:
        return self.join([A(x) for A in self.operators])

    def start(self, y: Tensor) -> Tensor | None:
        """The mean of the images that the parts start from."""
        starts = [A.start(part) for A, part in zip(self.operators, self.split(y), strict=True)]
        known = [x for x in starts if x is not None]
        return torch.stack(known).mean(0) if known else None

    def split(self, y: Tensor) -> tuple[Tensor, ...]:
        """The parts of y, each of shape ``(..., *out_shape)`` of its operator."""
        shapes = [A.out_shape for A in self.operators]
        parts = y.split([math.prod(shape) for shape in shapes], dim=-1)
        return tuple(part.unflatten(-1, shape) for part, shape in zip(parts, shapes, strict=True))

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """One vector from the parts, each of shape ``(..., *out_shape)`` of its operator."""
        if len(parts) != len(self._list):
            raise InvpriorError(f"a stack of {len(self._list)} operators has as many parts, got {len(parts)}")
        pairs = zip(parts, self.operators, strict=True)
        return torch.cat([part.flatten(-len(A.out_shape)) for part, A in pairs], dim=-1)

    def __repr__(self) -> str:
        return f"Stack({', '.join(map(repr, self.operators))})"


class Stack(AnyStack, LinearOperator):
    """Ax = (A₁x, …, A_Kx), each part flattened and joined into one vector; Aᴴy = Σ_k A_kᴴ y_k.

    ``split`` returns the parts of a measurement in their own shapes and ``join`` undoes it. The norm is computed by the
    Lanczos process. Measurements that each have a noise model of their own are several data terms, not a stack. With a
    part that is not linear the stack is not linear either: an :class:`~invprior.Operator` without the adjoint.

    Parameters
    ----------
    operators
        At least one operator, all with the same ``in_shape``.

    Raises
    ------
    InvpriorError
        If there are no operators, or they differ in the shape of their input or in the kind (real or complex) of their
        input or output.

    Cost
    ----
    That of all operators and one copy into the vector; for the adjoint, that of all adjoints.
    """

    def __new__(cls, *operators: Operator) -> Any:
        if all(isinstance(A, LinearOperator) for A in operators):
            return super().__new__(cls)
        return AnyStack(*operators)

    def __init__(self, *operators: Operator) -> None:
        super().__init__(*operators)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Stack:
        kinds: list[type[LinearOperator]] = [Mask, FiniteDifference]
        return cls(*(rng.choice(kinds).example(shape, rng) for _ in range(rng.randint(1, 3))))

    @property
    def operators(self) -> tuple[LinearOperator, ...]:
        """The operators, in order."""
        return tuple(cast(LinearOperator, A) for A in self._list)

    def start(self, y: Tensor) -> Tensor:
        return LinearOperator.start(self, y)

    def adjoint(self, y: Tensor) -> Tensor:
        first, *rest = zip(self.operators, self.split(y), strict=True)
        out = first[0].adjoint(first[1])
        for A, part in rest:
            out = out + A.adjoint(part)
        return out
