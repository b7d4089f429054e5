"""Priors, one a file."""

from invprior.priors.dip import DIP
from invprior.priors.none import NoPrior
from invprior.priors.tv import TV

__all__ = ["DIP", "TV", "NoPrior"]
