"""An operator from a function, in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape, as_shape


class Function(LinearOperator):
    """Ax = f(x) for a linear function f of PyTorch operations; Aᴴ by autograd, the norm by the Lanczos process.

    The operator takes f to be linear; ``testing.check_linear_operator`` checks it.

    Parameters
    ----------
    shape
        Event shape of the image.
    f
        Takes a tensor of shape ``(..., *shape)``. It is applied once to zeros to find its output shape.

    Raises
    ------
    InvpriorError
        If ``f`` cannot be applied to an image of this shape, or does not return a tensor.

    Cost
    ----
    That of f; the adjoint one application of f and its backward pass.
    """

    def __init__(self, shape: Iterable[int], f: Callable[[Tensor], Tensor]) -> None:
        shape = as_shape(shape)
        name = getattr(f, "__name__", type(f).__name__)
        try:
            out = f(torch.zeros(shape))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InvpriorError(f"{name} cannot be applied to an image of shape {shape}: {reason}") from error
        if not isinstance(out, Tensor):
            raise InvpriorError(f"{name} must return a tensor, it gave {type(out).__name__}")
        super().__init__(shape, out.shape)
        self.f, self.name = f, name
        if out.is_complex():
            self.in_complex, self.out_complex = False, True

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Function:
        return cls(shape, _cumulative)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x)

    def extra_repr(self) -> str:
        return f"{self.in_shape}, {self.name}"


def _cumulative(x: Tensor) -> Tensor:
    return x.cumsum(-1)


@checked
def from_function(f: Callable[[Tensor], Tensor], in_shape: Iterable[int]) -> Function:
    """A :class:`Function` operator: ``from_function(lambda x: x.flip(-1), (3, 64, 64))``."""
    return Function(in_shape, f)
