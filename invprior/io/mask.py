"""Masks of holes in picture files: white, coloured or transparent marks."""

from __future__ import annotations

from pathlib import Path

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.image import Picture, read
from invprior.shapes import Window

# A colour is pure if its channels lie within PURE of 0 and 1. Marks on a photograph are told by their pure colour.
PURE = 0.06
# A picture is a photograph if more than this share of its pixels is neither dark nor bright.
GRAYS = 0.5
# The soft edge of a mark: so many pixels from it, and brighter than this.
EDGE, SOFT = 2, 0.1


@checked
def read_mask(path: str | Path, invert: bool = False, grow: int = 0) -> Tensor:
    """Read a mask of holes as the known pixels: boolean of shape (H, W), True where known.

    Holes are, in this order:

    - in a picture with transparent parts, the marks painted on a transparent layer in one colour, or else the
      transparent pixels;
    - in a photograph, the marks painted over it in one pure colour such as red;
    - else the pixels with a colour channel above one half: white or coloured marks on black, and their soft edges, the
      pixels next to these that are not black.

    Parameters
    ----------
    path
        A picture.
    invert
        These pixels are known, and the others are the holes.
    grow
        Pixels by which the holes are made larger on all sides.

    Raises
    ------
    InvpriorError
        If no pixel is a hole, or it cannot be told which pixels are.
    """
    picture = read(path)
    hole = _marked(picture, path)
    hole = grown(~hole if invert else hole, grow)
    if not bool(hole.any()):
        raise InvpriorError(_unmarked(picture, path, invert))
    return ~hole


def grown(hole: Tensor, distance: int) -> Tensor:
    """The holes (H, W) and all pixels at most this many pixels from one."""
    if distance == 0 or not bool(hole.any()):
        return hole
    near = Window.around(hole, distance)
    out = hole.clone()
    near.of(out).copy_(torch.from_numpy(distance_transform_edt(~near.of(hole).numpy()) <= distance))
    return out


def _marked(picture: Picture, path: str | Path) -> Tensor:
    x = picture.x
    if picture.alpha is not None:
        opaque = picture.alpha[0] > 0.5
        if bool(opaque.any()) and not bool(opaque.all()):
            return _on_a_layer(x, opaque, path)
    most = x.amax(0)
    bright, dark = most > 1 - 2 * PURE, most < 2 * PURE
    coloured = bool((most - x.amin(0)).max() > PURE)
    if coloured and float((~(bright | dark)).mean(dtype=torch.float32)) > GRAYS:
        return _on_a_photograph(x, path)
    marks = most > 0.5
    return marks | (grown(marks, EDGE) & (most > SOFT))


def _on_a_layer(x: Tensor, opaque: Tensor, path: str | Path) -> Tensor:
    """The marks of a transparent layer, painted in one colour; the transparent pixels of a picture."""
    painted = x[:, opaque]
    if float((painted.amax(1) - painted.amin(1)).max()) > 2 * PURE:
        return ~opaque
    if float(painted.max()) < 0.5:
        raise InvpriorError(
            f"the mask {path} is black on transparent, and either could be the hole; paint the holes white on black"
        )
    return opaque


def _on_a_photograph(x: Tensor, path: str | Path) -> Tensor:
    """The pixels of the one pure colour that is painted over a photograph."""
    ones, pure = x > 1 - PURE, ((x > 1 - PURE) | (x < PURE)).all(0)
    colour = (ones * torch.tensor([4, 2, 1])[: x.shape[0], None, None]).sum(0)
    found = [colour == c for c in range(1, 7)]  # neither black nor white, which photographs have themselves
    marks = [m & pure for m in found if bool((m & pure).any())]
    if len(marks) != 1:
        raise InvpriorError(
            f"the mask {path} is a photograph with {'several colours of' if marks else 'no'} marks; paint the holes in "
            "one pure colour such as red, or white on black"
        )
    return marks[0]


def _unmarked(picture: Picture, path: str | Path, invert: bool) -> str:
    if invert:
        return f"the mask {path} marks every pixel as known; the hole is white unless inverted"
    brightest = float(picture.x.max()) * (picture.high - picture.low) + picture.low
    white = picture.high
    remedy = f"holes are {white:g}: multiply it" if 0 < brightest < white / 2 else "paint the holes white"
    return f"the mask {path} marks no hole; its brightest value is {brightest:g} of {white:g}; {remedy}"
