"""Noise models: each samples a measurement and gives its negative log-likelihood."""

from invprior.noise.base import Noise
from invprior.noise.estimate import estimate
from invprior.noise.gaussian import Gaussian

__all__ = ["Gaussian", "Noise", "estimate"]
