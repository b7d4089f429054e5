"""A flat part of a picture, in which its noise is measured: ``flat:LEFT,TOP,WIDTH,HEIGHT``."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.noise import Coloured
from invprior.shapes import Window

NAME = "flat"
USAGE = f"{NAME}:LEFT,TOP,WIDTH,HEIGHT"
# Noise is measured up to twice as many pixels apart; a flat part is four times as wide.
RADIUS = 4
# Share of values at the ends of the range from which noise is taken to be cut off.
CUT_OFF = 0.01


@dataclass(frozen=True)
class Flat:
    """The noise that a part of the picture shows which is flat, or a ramp, without it; in pixels."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.left, self.top) < 0 or min(self.width, self.height) < 4 * RADIUS:
            least = 4 * RADIUS
            raise InvpriorError(f"a flat part is written {USAGE}, {least} by {least} pixels or more, got {self}")

    def noise(self, y: Tensor) -> Coloured:
        """The noise of a picture (C, H, W) with values in [0, 1].

        Raises
        ------
        InvpriorError
            If the part is not in the picture, or is black or white, where noise is cut off.
        """
        H, W = y.shape[-2:]
        if self.left + self.width > W or self.top + self.height > H:
            raise InvpriorError(f"{self} is not wholly inside the picture of {W} by {H} pixels")
        part = Window(self.top, self.top + self.height, self.left, self.left + self.width).of(y)
        if float(((part <= 0) | (part >= 1)).double().mean()) > CUT_OFF:
            raise InvpriorError(f"{self} is black or white, where noise is cut off; choose a part between")
        return Coloured.measured(part, RADIUS)

    def __str__(self) -> str:
        return f"{NAME}:{self.left},{self.top},{self.width},{self.height}"


def parse_flat(numbers: str) -> Flat:
    """Parse what stands behind ``flat:``."""
    parts = numbers.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise InvpriorError(f"a flat part is written {USAGE} in whole pixels, got {NAME}:{numbers}")
    return Flat(*map(int, parts))
