"""Reading and writing pictures."""

from invprior.io.image import Picture, read, read_mask, write
from invprior.io.psf import read_psf

__all__ = ["Picture", "read", "read_mask", "read_psf", "write"]
