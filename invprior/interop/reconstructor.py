"""invprior's solves as deepinv's reconstructors."""

from __future__ import annotations

import math
from typing import Any

import torch
from deepinv.models import Reconstructor
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.interop.conversion import OperatorPhysics, from_physics
from invprior.noise import Gaussian, Noise, Poisson
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.runs.restoration import Measured, Restoration
from invprior.solvers import Solver
from invprior.stop import StopRule


class PriorReconstructor(Reconstructor):  # type: ignore[misc]  # deepinv carries no types
    """x̂(y, physics) = argmin_x E(A x; y) + R(x), picture by picture; see :func:`as_reconstructor`."""

    def __init__(
        self,
        prior: Prior,
        noise: Noise | None,
        auto: bool,
        solver: Solver[Any] | None,
        stop: StopRule | None,
        seed: int,
    ) -> None:
        super().__init__()
        self.prior, self.noise = prior, noise
        self.how = Restoration("auto" if auto else "own", seed=seed, solver=solver, stop=stop)

    # deepinv passes parameters of the physics this way
    def forward(self, y: Tensor, physics: Any, **kwargs: Any) -> Tensor:
        shape = tuple(physics.A_adjoint(y[:1]).shape[1:])
        A = self._operator(physics, shape)
        noise = _noise(physics) if self.noise is None else self.noise
        measured = [Measured((DataTerm(A, picture, noise),), "given", exact=False) for picture in y]
        return torch.stack([self.how.run(m, self.prior).x for m in measured])

    def _operator(self, physics: Any, shape: tuple[int, ...]) -> Operator:
        if isinstance(physics, OperatorPhysics):
            return physics.operator
        operator: Operator = from_physics(physics, shape)
        return operator


def _noise(physics: Any) -> Noise:
    """The noise model of a physics, if both libraries have it."""
    model = physics.noise_model
    name = type(model).__name__
    if name == "GaussianNoise" and math.isfinite(sigma := float(torch.as_tensor(model.sigma).max())) and sigma > 0:
        return Gaussian(sigma)
    if name == "PoissonNoise":
        return Poisson(float(torch.as_tensor(model.gain).max()))
    raise InvpriorError(f"the physics has {name}, for which there is no likelihood here; give as_reconstructor a noise")


def as_reconstructor(
    prior: Prior,
    *,
    noise: Noise | None = None,
    auto_weight: bool = False,
    solver: Solver[Any] | None = None,
    stop: StopRule | None = None,
    seed: int = 0,
) -> PriorReconstructor:
    """A prior as a ``deepinv.models.Reconstructor``: ``model(y, physics)`` solves each picture of the batch.

    Parameters
    ----------
    prior
        R with its weight.
    noise
        The noise model; None takes that of the physics, Gaussian or Poisson.
    auto_weight
        Choose the weight of every picture by :func:`invprior.weight.auto`.
    solver, stop, seed
        As in :func:`invprior.solve`.

    Raises
    ------
    InvpriorError
        From the call, if the noise of the physics has no likelihood here.
    """
    return PriorReconstructor(prior, noise, auto_weight, solver, stop, seed)
