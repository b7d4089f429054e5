"""A physics of deepinv as an operator; importing this module does not need deepinv."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import Shape, as_complex, as_shape


class PhysicsOperator(Operator):
    """Ax = ``physics.A(x)``, without the noise and the sensor of the physics.

    deepinv's (B, C, H, W) becomes an event shape (C, H, W) with any number of leading axes. The physics is a submodule:
    move the operator with ``.to()``, and its dtype, complex buffers and deepinv's caches follow.

    Parameters
    ----------
    physics
        A ``deepinv.physics.Physics`` that gives one tensor.
    in_shape
        Event shape of the image.

    Raises
    ------
    InvpriorError
        If the physics does not take an image of this shape, does not give one tensor, or is built for a batch.
    """

    witness: Tensor  # the dtype and device that the input must share

    def __init__(self, physics: Any, in_shape: Iterable[int]) -> None:
        in_shape = as_shape(in_shape)
        x, y = _probe(physics, in_shape)
        super().__init__(in_shape, y.shape[1:])
        self.physics = physics
        self.in_complex, self.out_complex = x.is_complex(), y.is_complex()
        self.register_buffer("witness", x.new_zeros(()), persistent=False)
        _settle(physics, x.real.dtype)

    def forward(self, x: Tensor) -> Tensor:
        return _batched(self.physics.A, x, self.in_shape, self.out_shape)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # what complex buffers hold, such as BlurFFT's phases, stays complex
        _settle(self.physics, self.witness.real.dtype)
        return self

    def extra_repr(self) -> str:
        return f"{type(self.physics).__name__}, {self.in_shape}"


class LinearPhysicsOperator(PhysicsOperator, LinearOperator):
    """Ax = ``physics.A(x)`` and Aᴴy = ``physics.A_adjoint(y)``, or the vector-Jacobian product of ``physics.A``.

    Parameters
    ----------
    physics
        A ``deepinv.physics.LinearPhysics``.
    in_shape
        Event shape of the image.
    adjoint
        Source of the adjoint: ``physics``, or ``autograd``, which is exact unless ``physics.A`` has its own backward.
    """

    def __init__(
        self, physics: Any, in_shape: Iterable[int], adjoint: Literal["physics", "autograd"] = "physics"
    ) -> None:
        if adjoint not in ("physics", "autograd"):
            raise InvpriorError(f"adjoint must be 'physics' or 'autograd', got {adjoint!r}")
        super().__init__(physics, in_shape)
        self.by_autograd = adjoint == "autograd"

    def adjoint(self, y: Tensor) -> Tensor:
        if self.by_autograd:
            return super().adjoint(y)
        return _batched(self.physics.A_adjoint, y, self.out_shape, self.in_shape)


def _batched(f: Callable[[Tensor], Tensor], x: Tensor, shape: Shape, out_shape: Shape) -> Tensor:
    """Apply f, which takes one batch axis, with any number of leading axes."""
    lead = x.shape[: x.ndim - len(shape)]
    # contiguous, since parts of deepinv call .view
    return f(x.reshape(math.prod(lead), *shape).contiguous()).reshape(*lead, *out_shape)


def _probe(physics: Any, in_shape: Shape) -> tuple[Tensor, Tensor]:
    """A zero image of the dtype and device that the physics takes, and its output."""
    tensors = [t for t in (*physics.parameters(), *physics.buffers()) if t.is_floating_point() or t.is_complex()]
    device = tensors[0].device if tensors else None
    # try the declared dtype, that of the first tensor, then the rest: the first may be stale, the second differ
    declared = getattr(physics, "dtype", None)
    candidates = [declared] if isinstance(declared, torch.dtype) else []
    candidates += [t.dtype for t in tensors[:1]] + [torch.float32, torch.float64]
    failure: Exception | None = None
    for dtype in dict.fromkeys(candidates):
        x = torch.zeros(1, *in_shape, dtype=dtype, device=device)
        try:
            with torch.no_grad():
                y = physics.A(x)
        except Exception as error:
            failure = failure or error
            continue
        if not isinstance(y, Tensor):
            raise InvpriorError(
                f"{type(physics).__name__} gives a {type(y).__name__}, and an operator gives one tensor"
            )
        if len(y) != 1:
            raise InvpriorError(
                f"{type(physics).__name__} holds parameters for a batch of {len(y)}; build one physics for each"
            )
        return x, y
    raise InvpriorError(f"{type(physics).__name__} does not take an image of shape {in_shape}: {failure}") from failure


def _settle(physics: nn.Module, dtype: torch.dtype) -> None:
    """Update what deepinv 0.5.0 leaves stale when a physics moves.

    Tomography and CompressedSensing cast by an attribute ``dtype``, and Tomography keeps its adjoint as a closure over
    the tensors of the first call.
    """
    for module in physics.modules():
        declared = getattr(module, "dtype", None)
        if isinstance(declared, torch.dtype):
            module.dtype = as_complex(dtype, declared.is_complex)  # type: ignore[assignment]
        if getattr(module, "_auto_grad_adjoint_fn", None) is not None:
            module._auto_grad_adjoint_fn = None  # type: ignore[assignment]
