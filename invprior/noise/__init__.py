"""Noise models: each samples a measurement and gives its negative log-likelihood."""

from invprior.arguments import check_all
from invprior.noise.base import Noise
from invprior.noise.beside import estimate_beside
from invprior.noise.coloured import Coloured
from invprior.noise.estimate import estimate, estimate_poisson_gaussian
from invprior.noise.gaussian import Gaussian
from invprior.noise.laplace import Laplace
from invprior.noise.photon_transfer import profile
from invprior.noise.poisson import Poisson
from invprior.noise.poisson_gaussian import PoissonGaussian
from invprior.noise.quantisation import Quantisation

__all__ = [
    "Coloured",
    "Gaussian",
    "Laplace",
    "Noise",
    "Poisson",
    "PoissonGaussian",
    "Quantisation",
    "estimate",
    "estimate_beside",
    "estimate_poisson_gaussian",
    "profile",
]

check_all(globals(), __all__)
