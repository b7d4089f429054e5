"""Pictures whose missing pixels are marked in the file itself: by NaN, or as transparent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from invprior.errors import InvpriorError
from invprior.io.image import Picture, read

# The words for the marks.
NAN, ALPHA = "nan", "alpha"
MARKS = (NAN, ALPHA)


def read_missing(path: Path, marks: str) -> Picture:
    """Read a picture, with NaN for its missing pixels; it has no alpha channel then.

    Parameters
    ----------
    path
        The picture.
    marks
        ``nan``: values that are NaN are missing, each channel by itself. ``alpha``: transparent pixels are missing.

    Raises
    ------
    InvpriorError
        If no pixel is missing, or all are.
    """
    if marks == NAN:
        picture = read(path, missing=True)
        if not bool(picture.x.isnan().any()):
            raise InvpriorError(f"{path} holds no NaN, so no pixel is missing; give a mask")
        return picture
    picture = read(path)
    if picture.alpha is None or not bool((picture.alpha < 1).any()):
        raise InvpriorError(f"{path} has no transparent pixel, so none is missing; give a mask")
    there = picture.alpha == 1  # the colour of what shows through in part is not known
    if not bool(there.any()):
        raise InvpriorError(f"{path} has no opaque pixel to restore it from")
    return replace(picture, x=torch.where(there, picture.x, torch.nan), alpha=None)
