"""Priors, noise models, operators and targets by name: one grammar for commands, study files and the report."""

from invprior.specs.flat import Flat
from invprior.specs.noise import InFileUnits, NoiseOrWord, NoiseSpec, in_unit_range, noises, parse_noise
from invprior.specs.operator import Frame, OperatorSpec, known_operators, parse_operator
from invprior.specs.prior import PriorSpec, known_priors, parse_prior
from invprior.specs.sweep import expanded, settings
from invprior.specs.target import load_target

__all__ = [
    "Flat",
    "Frame",
    "InFileUnits",
    "NoiseOrWord",
    "NoiseSpec",
    "OperatorSpec",
    "PriorSpec",
    "expanded",
    "in_unit_range",
    "known_operators",
    "known_priors",
    "load_target",
    "noises",
    "parse_noise",
    "parse_operator",
    "parse_prior",
    "settings",
]
