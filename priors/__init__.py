"""Priors, one a file."""

from invprior.priors.dip import DIP
from invprior.priors.guided_tv import GuidedTV
from invprior.priors.none import NoPrior
from invprior.priors.tikhonov import Tikhonov
from invprior.priors.tv import TV

__all__ = ["DIP", "TV", "GuidedTV", "NoPrior", "Tikhonov"]
