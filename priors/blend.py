"""Several priors, one answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.purpose import Memory
from invprior.solvers.blending import Blending
from invprior.solvers.part import FINISH, Expected
from invprior.solvers.recipe import Recipe
from invprior.solvers.simplex import MOST
from invprior.stop import AnyOf


@dataclass(frozen=True)
class Blend(Prior):
    """x = Σ_k w_k x_k with the solution x_k of each prior, w ≥ 0 and Σ_k w_k = 1, weighed by data that none has fitted.

    The measurements are split in two: all members are solved on the first part, with their own solvers and stop rules,
    and w = argmin ‖A Σ_k w_k x_k − y₂‖² on the second, y₂, an unbiased estimate of the squared error up to a constant.
    Gaussian noise is split by adding and taking off noise (Pang et al. 2021), photons by thinning; where A measures
    less than there is, a few pixels are held out too, of the shape of holes where holes are missing. Members without a
    network are then solved again, on all data, and so are networks that have a weight where pixels were held out.
    Pixels that a mask leaves and no member restores better than they were measured stay as they are.

    Where members are of like strength and err in different ways, their mean is better than any of them; where one is
    stronger, its weight is 1.

    Parameters
    ----------
    members
        The priors, two to eight, each with its own weight.

    Raises
    ------
    InvpriorError
        If there are fewer than two members or more than eight, or one is none.

    Cost
    ----
    Members without a network twice, side by side on the threads that torch has, then the networks; memory for all.

    References
    ----------
    - Pang, Zheng, Quan & Ji, "Recorrupted-to-recorrupted: unsupervised deep learning for image denoising", CVPR 2021.
    """

    members: tuple[Prior, ...]

    def __post_init__(self) -> None:
        wrong = [m for m in self.members if not isinstance(m, Prior)]
        if wrong:
            raise InvpriorError(f"a blend takes priors, such as (DIP(), NonLocal()), got {wrong[0]!r:.60}")
        if not 2 <= len(self.members) <= MOST:
            raise InvpriorError(f"a blend has two to {MOST} members, got {len(self.members)}")

    @property
    def parts(self) -> tuple[Prior, ...]:
        return self.members

    def with_parts(self, parts: tuple[Prior, ...]) -> Prior:
        return Blend(parts)

    def recipe(self) -> Recipe:
        networks = [m for m in self.members if m.fits_network]  # the others take tens of iterations at once
        recipes = [m.recipe() for m in networks or self.members]
        limits = [r.stop.most for r in recipes if r is not None and r.stop.most is not None]
        return Recipe(Blending(), Expected(math.ceil((1 + FINISH) * max(limits))) if limits else AnyOf(()))

    @property
    def penalty(self) -> None:
        """None: its members have the weights."""
        return None

    @property
    def any_size(self) -> bool:
        return all(m.any_size for m in self.members)

    @property
    def memory(self) -> Memory:
        parts = [m.memory for m in self.members]
        return Memory(sum(p.step for p in parts), sum(p.held for p in parts))
