"""What priors that are a denoiser have in common."""

from __future__ import annotations

from invprior.prior import Prior
from invprior.solvers.plug_and_play import PlugAndPlay
from invprior.solvers.recipe import Recipe


class Plugged(Prior):
    """R = φ, known by a denoiser of any noise level alone: it is calibrated, and solved by PlugAndPlay."""

    def recipe(self) -> Recipe:
        solver = PlugAndPlay()
        return Recipe(solver, solver.default_stop())

    @property
    def calibrated(self) -> bool:
        return True
