"""Adam."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.prior import Generator
from invprior.solvers.descent import Descent


@dataclass(frozen=True)
class Adam(Descent):
    """θ ← θ − lr · m̂/(√v̂ + eps) (Kingma & Ba 2015), θ the weights of a generator or the pixels.

    m̂ and v̂ are the bias-corrected moments m ← β₁m + (1 − β₁)∇ and v ← β₂v + (1 − β₂)∇². It applies
    to every objective with a gradient almost everywhere, nonsmooth penalties included; nothing certifies convergence.

    Parameters
    ----------
    betas, eps
        Decay rates of the two moments, and the constant added to the root of the second.

    Cost
    ----
    An iteration is one forward and one backward pass of the generator and of every operator; θ, its gradient and two
    moments are held.

    References
    ----------
    - Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, Algorithm 1.
    """

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def _moments(self, theta: Tensor) -> tuple[Tensor, ...]:
        return torch.zeros_like(theta), torch.zeros_like(theta)

    def _update(
        self, generator: Generator, theta: Tensor, moments: tuple[Tensor, ...], grad: Tensor, iteration: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        m, v = moments
        return adam_direction(m, v, grad, iteration, self.lr, self.betas, self.eps)


def adam_direction(
    m: Tensor, v: Tensor, grad: Tensor, iteration: int, lr: float, betas: tuple[float, float], eps: float
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """−lr · m̂ / (√v̂ + eps) and the new moments m, v."""
    m = torch.lerp(m, grad, 1 - betas[0])
    v = torch.lerp(v, grad.square(), 1 - betas[1])
    root = (v / (1 - betas[1] ** iteration)).sqrt_().add_(eps)
    return m / root * (-lr / (1 - betas[0] ** iteration)), (m, v)
