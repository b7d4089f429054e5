"""Reading and writing pictures."""

from invprior.io.image import Picture, read, write
from invprior.io.mask import read_mask
from invprior.io.psf import read_psf

__all__ = ["Picture", "read", "read_mask", "read_psf", "write"]
