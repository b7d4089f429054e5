"""Flash/no-flash pairs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape


class FlashPair(LinearOperator):
    """Two exposures of one scene, the second with flash: y = (t₀ a, t₁ (a + f)).

    x = (a, f) holds the picture in ambient light and the light added by the flash, y the exposures without and with
    flash; both are ``(2, *shape)``. Light adds up, so the map is linear, with the adjoint

        Aᴴy = (t₀ y₀ + t₁ y₁, t₁ y₁)

    and the norm √((t₀² + 2t₁² + √(t₀⁴ + 4t₁⁴))/2), that of the matrix ((t₀, 0), (t₁, t₁)).

    Parameters
    ----------
    shape
        Event shape of one picture, ``(C, H, W)``.
    exposures
        t₀ without and t₁ with flash, positive, relative to the exposure that x refers to.

    Raises
    ------
    InvpriorError
        If the exposures are not two positive numbers.

    Cost
    ----
    One addition and two multiplications per value of one picture; the adjoint the same.

    References
    ----------
    - Petschnigg, Szeliski, Agrawala, Cohen, Hoppe & Toyama, "Digital photography with flash and no-flash image pairs",
      ACM Trans. Graph. 23 (2004).
    """

    def __init__(self, shape: Iterable[int], exposures: tuple[float, float] = (1.0, 1.0)) -> None:
        if len(exposures) != 2 or not all(0 < t < math.inf for t in exposures):
            raise InvpriorError(f"exposures takes two positive numbers (without, with flash), got {exposures!r}")
        both = (2, *shape)
        super().__init__(both, both)
        self.exposures = (float(exposures[0]), float(exposures[1]))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> FlashPair:
        return cls(shape, (rng.choice([0.25, 1.0, 2.0]), rng.choice([0.5, 1.0])))

    def forward(self, x: Tensor) -> Tensor:
        t0, t1 = self.exposures
        ambient, flash = x.unbind(-len(self.in_shape))
        return torch.stack([t0 * ambient, t1 * (ambient + flash)], -len(self.in_shape))

    def adjoint(self, y: Tensor) -> Tensor:
        t0, t1 = self.exposures
        without, with_flash = y.unbind(-len(self.out_shape))
        return torch.stack([t0 * without + t1 * with_flash, t1 * with_flash], -len(self.out_shape))

    def norm(self) -> float:
        s0, s1 = self.exposures[0] ** 2, self.exposures[1] ** 2
        return math.sqrt((s0 + 2 * s1 + math.hypot(s0, 2 * s1)) / 2)

    def extra_repr(self) -> str:
        return f"{self.in_shape[1:]}, exposures={self.exposures}"
