"""A picture as a guide, whatever the light."""

from __future__ import annotations

from torch import Tensor

# Values well below this are black: twice what a clean picture's noise is there.
DARK = 0.02
# A step of a tenth is an edge: η of a GuidedTV by contrast.
EDGE = 0.1


def contrast(picture: Tensor) -> Tensor:
    """log(x + 0.02) of a picture in [0, 1]: light multiplies, so that an edge is as high in the shade as in the sun."""
    return (picture.clamp(min=0) + DARK).log()
