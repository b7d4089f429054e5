"""The functionals that data terms and penalties are made of."""

from invprior.functionals.box import Bounded, Bounds
from invprior.functionals.interval import Interval
from invprior.functionals.norms import L1, L21
from invprior.functionals.poisson import PoissonNll
from invprior.functionals.quadratic import Quadratic
from invprior.functionals.shifted import Shifted
from invprior.functionals.stationary import Stationary

__all__ = ["L1", "L21", "Bounded", "Bounds", "Interval", "PoissonNll", "Quadratic", "Shifted", "Stationary"]
