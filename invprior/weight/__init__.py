"""The choice of a penalty's weight without the truth."""

from invprior.weight.choice import LEAST_SIGMA, TYPICAL, Choice
from invprior.weight.discrepancy import discrepancy
from invprior.weight.sure import auto

__all__ = ["LEAST_SIGMA", "TYPICAL", "Choice", "auto", "discrepancy"]
