"""deepinv's physics as operators, and operators as deepinv's physics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol, overload

import torch
from deepinv.physics import GaussianNoise, LinearPhysics, StackedPhysics, ZeroNoise
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.interop.adjointness import adjoint_defect, allowed_defect
from invprior.interop.physics import LinearPhysicsOperator, PhysicsOperator
from invprior.linear_operator import LinearOperator
from invprior.noise import Gaussian, Noise
from invprior.operator import Operator
from invprior.testing.law import Measurement
from invprior.testing.operator_case import random_case
from invprior.testing.operator_laws import LAWS

# Further laws to check at conversion; all of them take seconds and are left to check_linear_operator.
CHECKED = ("shape", "dtype", "linearity", "batch", "purity")


class _Physics(Protocol):
    def A(self, x: Any) -> Any: ...


class _LinearPhysics(_Physics, Protocol):
    def A_adjoint(self, y: Any) -> Any: ...


@overload
def from_physics(
    physics: _LinearPhysics,
    in_shape: Iterable[int],
    *,
    adjoint: Literal["physics", "autograd"] = "physics",
    check: bool = True,
) -> LinearOperator: ...
@overload
def from_physics(
    physics: _Physics,
    in_shape: Iterable[int],
    *,
    adjoint: Literal["physics", "autograd"] = "physics",
    check: bool = True,
) -> Operator: ...
def from_physics(
    physics: Any,
    in_shape: Iterable[int],
    *,
    adjoint: Literal["physics", "autograd"] = "physics",
    check: bool = True,
) -> Operator:
    """Wrap a deepinv physics as an operator: a linear one with its adjoint, any other without.

    Only ``physics.A`` is used; the noise belongs to the problem. Do not call ``physics.update(...)`` later: new
    parameters of the physics change the operator.

    Parameters
    ----------
    physics
        A ``deepinv.physics.Physics``.
    in_shape
        Event shape of the image, ``(C, H, W)``.
    adjoint
        Adjoint of a linear physics: ``physics`` uses its ``A_adjoint``, ``autograd`` differentiates its ``A``.
    check
        Whether to check ⟨Ax, y⟩ = ⟨x, Aᴴy⟩ and the laws of ``CHECKED`` once, on random x and y.

    Raises
    ------
    InvpriorError
        If the physics is stacked or does not fit ``in_shape``, or the check finds a law broken.
    """
    name = type(physics).__name__
    if isinstance(physics, StackedPhysics):
        raise InvpriorError(
            f"{name} gives a list of measurements; wrap each part with from_physics and join them with "
            "operators.Stack, or give one DataTerm for each to Problem.from_terms"
        )
    if not isinstance(physics, LinearPhysics):
        return PhysicsOperator(physics, in_shape)
    operator = LinearPhysicsOperator(physics, in_shape, adjoint)
    if check:
        _check_adjoint(operator)
        _check_laws(operator)
    return operator


class OperatorPhysics(LinearPhysics):  # type: ignore[misc]  # deepinv carries no types
    """y = N(Ax) for deepinv: A and its adjoint are those of ``operator``, a submodule that moves with ``.to()``.

    Parameters
    ----------
    operator
        A.
    noise_model
        N, a ``deepinv.physics.NoiseModel``.
    """

    def __init__(self, operator: LinearOperator, noise_model: nn.Module) -> None:
        buffer = next(operator.buffers(), torch.zeros(()))
        super().__init__(img_size=operator.in_shape, noise_model=noise_model, device=buffer.device)
        self.operator = operator

    # the one place with **kwargs: deepinv passes parameters of the physics and of the noise this way
    def A(self, x: Tensor, **kwargs: Any) -> Tensor:
        return self.operator(x)

    def A_adjoint(self, y: Tensor, **kwargs: Any) -> Tensor:
        adjoint: Tensor = self.operator.H(y)
        return adjoint


def to_physics(operator: Operator, noise: Noise | None = None) -> OperatorPhysics:
    """Wrap a linear operator as a ``deepinv.physics.LinearPhysics``, for deepinv's solvers and networks.

    Parameters
    ----------
    operator
        A linear operator of images ``(C, H, W)``.
    noise
        Noise that ``physics(x)`` adds: None, or Gaussian with one sigma, drawn from torch's global generator.

    Raises
    ------
    InvpriorError
        If the operator is not linear, or the noise is of another kind.
    """
    if not isinstance(operator, LinearOperator):
        raise InvpriorError(
            f"{operator!r} is not linear; take deepinv.physics.Physics(A=operator), which has no adjoint"
        )
    if noise is None:
        return OperatorPhysics(operator, ZeroNoise())
    if not isinstance(noise, Gaussian) or torch.as_tensor(noise.sigma).numel() != 1:
        raise InvpriorError(
            f"to_physics takes Gaussian noise with one sigma, got {noise!r}; leave it out and give the physics one of "
            "deepinv's with set_noise_model"
        )
    return OperatorPhysics(operator, GaussianNoise(float(noise.sigma)))


def _check_adjoint(A: LinearPhysicsOperator) -> None:
    like = A.witness.real
    allowed = allowed_defect(like)
    defect = adjoint_defect(A, like)
    if defect <= allowed:
        return
    name = type(A.physics).__name__
    other = LinearPhysicsOperator(A.physics, A.in_shape, "autograd")
    if not A.by_autograd and adjoint_defect(other, like) <= allowed:
        remedy = "adjoint='autograd' takes the exact one"
    else:
        remedy = (
            "autograd has no better one; build the physics with an exact one (Tomography: adjoint_via_backprop=True)"
        )
    raise InvpriorError(
        f"the adjoint of {name} is off by {defect:.1e} where rounding explains {allowed:.1e}: {remedy}, "
        "or accept it with check=False"
    )


def _check_laws(A: LinearPhysicsOperator) -> None:
    case = random_case(A, A.witness.real.dtype)
    for law in LAWS:
        measured = law.measure(case) if law.name in CHECKED else None
        if isinstance(measured, Measurement) and not measured.holds:
            raise InvpriorError(
                f"{type(A.physics).__name__} breaks the law of {law.name} ({law.says}): measured "
                f"{measured.measured:.1e}, allowed {measured.allowed:.1e}; accept it with check=False"
            )
