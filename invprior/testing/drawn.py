"""What the cases of linear and of nonlinear operators have in common."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Self, TypeVar

import torch
from torch import Tensor

from invprior.operator import Operator
from invprior.testing.content import Content

Op = TypeVar("Op", bound=Operator)


@dataclass(frozen=True, eq=False)
class DrawnCase(Generic[Op]):
    """An operator in one precision, with two inputs and a measurement; ``unused`` is a copy that was never called.

    Attributes
    ----------
    modules
        The modules of the kit that the lines of ``made`` and of the contents name.
    """

    modules: ClassVar[str]
    A: Op
    real: torch.dtype
    x: Content
    x2: Content
    y: Content
    unused: Op | None = None
    made: tuple[str, ...] = ()

    @property
    def subject(self) -> Op:
        return self.A

    @property
    def given(self) -> Tensor:
        return self.x.x

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            "import torch",
            "from random import Random",
            f"from invprior.testing import {self.modules}",
            *self.made,
            f"A = targets.precise(A, {self.real})",
            *(f"{name} = {c.code}" for name, c in (("x", self.x), ("x2", self.x2), ("y", self.y))),
        )

    def fresh(self) -> Self:
        unused = self.A if self.unused is None else self.unused
        contents = {name: getattr(self, name).clone() for name in ("x", "x2", "y")}
        return replace(self, A=copy.deepcopy(unused), unused=unused, **contents)
