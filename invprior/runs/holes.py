"""Whether a mask has large holes."""

from __future__ import annotations

from scipy.ndimage import distance_transform_edt
from torch import Tensor

from invprior.shapes import Window

# A pixel of a large hole is further from a known one than this.
FAR = 8


def far(known: Tensor) -> bool:
    """True if a pixel lies further from a known one (H, W) than in scattered holes, or none is known."""
    if not bool(known.any()):
        return True
    if bool(known.all()):
        return False
    near = Window.around(~known, 1).of(known)  # the nearest known pixel is not beyond the first row or column around
    return float(distance_transform_edt(~near.cpu().numpy()).max()) > FAR
