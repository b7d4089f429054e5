"""Several priors, one answer."""

from __future__ import annotations

from dataclasses import dataclass

from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.purpose import Memory
from invprior.solvers.blending import Blending
from invprior.solvers.recipe import Recipe


@dataclass(frozen=True)
class Blend(Prior):
    """x = Σ_k w_k x_k with the solution x_k of each prior, w ≥ 0 and Σ_k w_k = 1, weighed by data that none has fitted.

    Where members are of like strength and err in different ways, their mean is better than any of them; where one is
    stronger, its weight is 1. See :class:`~invprior.solvers.Blending`.

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
    All members side by side.
    """

    members: tuple[Prior, ...]

    def __post_init__(self) -> None:
        wrong = [m for m in self.members if not isinstance(m, Prior)]
        if wrong:
            raise InvpriorError(f"a blend takes priors, such as (DIP(), NonLocal()), got {wrong[0]!r:.60}")
        Blending(self.members)

    def recipe(self) -> Recipe:
        solver = Blending(self.members)
        return Recipe(solver, solver.default_stop())

    @property
    def alone(self) -> bool:
        return True

    @property
    def any_size(self) -> bool:
        return all(m.any_size for m in self.members)

    @property
    def memory(self) -> Memory:
        parts = [m.memory for m in self.members]
        return Memory(sum(p.step for p in parts), sum(p.held for p in parts))
