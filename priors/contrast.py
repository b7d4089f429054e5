"""The contrast of a guide, independent of its illumination."""

from __future__ import annotations

from torch import Tensor

# Values well below this count as black: twice the noise of a clean picture there.
DARK = 0.02
# η of a GuidedTV by contrast: a step of a tenth counts as an edge.
EDGE = 0.1


def contrast(picture: Tensor) -> Tensor:
    """log(x + 0.02) of a picture in [0, 1]: light multiplies, so an edge is as high in shade as in sun."""
    return (picture.clamp(min=0) + DARK).log()
