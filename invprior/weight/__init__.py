"""The choice of a penalty's weight without the truth."""

from invprior.arguments import check_all
from invprior.weight.choice import LEAST_SIGMA, Choice
from invprior.weight.discrepancy import discrepancy
from invprior.weight.sure import auto
from invprior.weight.typical import TYPICAL

__all__ = ["LEAST_SIGMA", "TYPICAL", "Choice", "auto", "discrepancy"]

check_all(globals(), __all__)
