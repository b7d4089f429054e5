"""Solvers: frozen configuration that turns a problem into iterates."""

from invprior.arguments import check_all
from invprior.solvers.adam import Adam
from invprior.solvers.base import Solver
from invprior.solvers.conjugate_gradient import ConjugateGradient
from invprior.solvers.muon import Muon
from invprior.solvers.pdhg import PDHG
from invprior.solvers.plug_and_play import PlugAndPlay
from invprior.solvers.proximal_gradient import ProximalGradient
from invprior.solvers.restarts import Restarts
from invprior.solvers.tiled import Tiled

__all__ = [
    "PDHG",
    "Adam",
    "ConjugateGradient",
    "Muon",
    "PlugAndPlay",
    "ProximalGradient",
    "Restarts",
    "Solver",
    "Tiled",
]

check_all(globals(), __all__)
