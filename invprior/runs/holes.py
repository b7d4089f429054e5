"""Whether a mask has large holes."""

from __future__ import annotations

from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn.functional import max_pool2d

from invprior.shapes import Window

# A pixel of a large hole is further from a known one than this.
FAR = 8
# Around such a pixel this many on each side, across and along, are missing too: a square inside the disk.
WITHIN = int(FAR / 2**0.5)


def far(known: Tensor) -> bool:
    """True if a pixel lies further from a known one (H, W) than in scattered holes, or none is known."""
    if not bool(known.any()):
        return True
    if bool(known.all()):
        return False
    one = known.float()[None, None]
    across = max_pool2d(one, (1, 2 * WITHIN + 1), 1, (0, WITHIN))  # what lies beyond the edge is not known
    if bool(max_pool2d(across, (2 * WITHIN + 1, 1), 1, (WITHIN, 0)).all()):
        return False  # no such square, as among letters: distances take much longer
    near = Window.around(~known, 1).of(known)  # the nearest known pixel is not beyond the first row or column around
    return float(distance_transform_edt(~near.cpu().numpy()).max()) > FAR
