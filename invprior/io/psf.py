"""Measured point spread functions."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.image import read_whole
from invprior.io.paths import as_path


@checked
def read_psf(path: str | Path) -> Tensor:
    """Read a point spread function of shape (kh, kw), float32: the mean of its colours, normalised to sum 1.

    Raises
    ------
    InvpriorError
        If the file cannot be read, or the pixels do not sum to a positive number.
    """
    picture = read_whole(as_path(path), "would blur wrongly; give a whole one")
    # read() shifts a float file with negative pixels; a PSF has no offset, so shift it back
    values = picture.x.double().mean(dim=0) * (picture.high - picture.low) + picture.low
    total = float(values.sum())
    if total <= 0:
        raise InvpriorError(f"{path} sums to {total:g} and cannot be normalised; a PSF needs bright pixels")
    return (values / total).float()
