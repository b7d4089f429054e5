"""Degradation operators, one a file."""

from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.identity import Identity
from invprior.operators.lanczos import Lanczos
from invprior.operators.mask import Mask

__all__ = ["FiniteDifference", "Identity", "Lanczos", "Mask"]
