"""Pictures from and to files."""

from invprior.io.image import Picture, read, read_mask, write

__all__ = ["Picture", "read", "read_mask", "write"]
