"""Priors, noise models and operators by name, as the command line and study files write them."""

from invprior.specs.noise import noises, parse_noise
from invprior.specs.prior import PriorSpec, known, parse_prior
from invprior.specs.target import load_target

__all__ = ["PriorSpec", "known", "load_target", "noises", "parse_noise", "parse_prior"]
