"""Reading and writing pictures."""

from invprior.io.image import Picture, read
from invprior.io.mask import read_mask
from invprior.io.psf import read_psf
from invprior.io.quantised import Quantised, read_quantised
from invprior.io.raw import Raw, read_raw
from invprior.io.written import write

__all__ = ["Picture", "Quantised", "Raw", "read", "read_mask", "read_psf", "read_quantised", "read_raw", "write"]
