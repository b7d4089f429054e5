"""Operators made by a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from invprior.arguments import checked, shown
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator


class Made(Operator):
    """A_θ = make(θ) with θ held as parameters of PyTorch; gradients go through ``make``."""

    def __init__(self, make: Callable[..., Operator], parameters: Mapping[str, Tensor], made: Operator) -> None:
        super().__init__(made.in_shape, made.out_shape)
        self.in_complex, self.out_complex = made.in_complex, made.out_complex
        self.make, self.names = make, tuple(parameters)
        for name, value in parameters.items():
            self.register_parameter(name, nn.Parameter(value.detach().clone()))
        self._known: tuple[list[tuple[Tensor, int]], Operator] | None = None

    def made(self) -> Operator:
        """The operator of the parameters as they are; while no gradients are recorded, made once for the same ones."""
        values = {name: getattr(self, name) for name in self.names}
        if torch.is_grad_enabled():
            return self.make(**values)
        key = [(value, value._version) for value in values.values()]
        known = self._known
        if known is None or any(a is not b or v != w for (a, v), (b, w) in zip(known[0], key, strict=True)):
            known = self._known = (key, self.make(**values))
        return known[1]

    def forward(self, x: Tensor) -> Tensor:
        return self.made().forward(x)

    def start(self, y: Tensor) -> Tensor | None:
        return self.made().start(y)

    def extra_repr(self) -> str:
        return ", ".join((str(self.in_shape), *(f"{n}={tuple(getattr(self, n).shape)}" for n in self.names)))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_known": None}


class LinearMade(Made, LinearOperator):
    """A linear A_θ = make(θ)."""

    def adjoint(self, y: Tensor) -> Tensor:
        return self._linear().adjoint(y)

    def norm(self) -> float:
        with torch.no_grad():
            return self._linear().norm()

    def start(self, y: Tensor) -> Tensor:
        return LinearOperator.start(self, y)

    def _linear(self) -> LinearOperator:
        made = self.made()
        assert isinstance(made, LinearOperator)
        return made


@checked
def from_parameters(make: Callable[..., Operator], parameters: Mapping[str, Tensor]) -> Operator:
    """An operator that holds parameters, from a function of them that makes an operator.

    ``from_parameters(lambda psf: Blur(shape, psf), {"psf": start})``. Gradients of the result go through ``make``, so
    that :func:`~invprior.solve_blind` or an optimiser of PyTorch can move the parameters.

    Parameters
    ----------
    make
        Takes the parameters by name and returns an :class:`~invprior.Operator`, of the same shapes for all values.
    parameters
        The first values, real floating tensors.

    Raises
    ------
    InvpriorError
        If a parameter is no real floating tensor, or ``make`` returns no operator.
    """
    for name, value in parameters.items():
        if not isinstance(value, Tensor) or not value.is_floating_point():
            raise InvpriorError(f"the parameter {name} is a real floating tensor, got {shown(value)}")
    with torch.no_grad():
        made = make(**parameters)
    if not isinstance(made, Operator):
        raise InvpriorError(f"make returns an operator of the parameters, got {shown(made)}")
    return (LinearMade if isinstance(made, LinearOperator) else Made)(make, parameters, made)
