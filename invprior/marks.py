"""Proposals for a mask: scratches, and text that was laid over a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.ndimage import binary_dilation, find_objects, grey_closing, grey_opening, label, uniform_filter
from torch import Tensor
from torch.nn.functional import conv2d, pad

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.metrics import luma

Array = np.ndarray[Any, Any]

# Scratches: thinner than THIN pixels, straight over LENGTH, in steps of 180°/DIRECTIONS, and LONG from end to end.
THIN, LENGTH, DIRECTIONS, LONG = 5, 31, 16, 40
# A line stands out by so many times the texture within so many pixels, and by so much of the full scale beyond that; it
# goes on where it stands out by half of that.
CLEAR, WITHIN, CONTRAST = 3.0, 61, 0.05
# Text: strokes thinner than STROKE pixels that stand out by BOLD, and what is LIKE the colour that most of them have.
STROKE, BOLD, LIKE = 17, 0.12, 0.1
# That colour is there so many times as often as the one that is fifth in number.
FLAT, NEXT = 4, 5
# Pixels around a proposal, which a soft edge reaches over.
AROUND = 2


@checked
def scratches(x: Tensor) -> Tensor:
    """Thin straight lines that are brighter or darker than their surroundings, as a hole (H, W) for inpainting.

    Parameters
    ----------
    x
        The picture (C, H, W) in [0, 1].

    Raises
    ------
    InvpriorError
        If the picture has not this shape.
    """
    channels = _channels(x)
    y = channels[0] if len(channels) == 1 else luma(x)[0].double().numpy()
    found = np.zeros(y.shape, dtype=bool)
    for thin in _stands_out(y, THIN):
        response = _along_lines(thin)
        least = CLEAR * uniform_filter(thin, WITHIN) + CONTRAST
        found |= _from_seeds(response > least, (response > least / 2) & (thin > least / 2), LONG)
    return _wider(found)


@checked
def text(x: Tensor) -> Tensor:
    """Letters of one colour laid over a picture, as a hole (H, W) for inpainting.

    Thin strokes that stand out are collected, and those are kept that are like the most frequent colour of them:
    letters have one colour to the last bit, and photographs have none.

    Parameters
    ----------
    x
        The picture (C, H, W) in [0, 1].

    Raises
    ------
    InvpriorError
        If the picture has not this shape.
    """
    colours = _channels(x)
    best, most = np.zeros(x.shape[-2:], dtype=bool), 0
    for brighter in (True, False):
        strokes = np.max([_stands_out(channel, STROKE)[0 if brighter else 1] for channel in colours], axis=0) > BOLD
        if not strokes.any():
            continue
        kinds, counts = np.unique(np.rint(255 * colours[:, strokes]), axis=1, return_counts=True)
        if counts.max() < FLAT * np.sort(counts)[-NEXT:][0]:  # the colours of a photograph are many and alike
            continue
        apart = np.abs(colours - kinds[:, counts.argmax()][:, None, None] / 255).max(0)
        if counts.max() > most:
            best, most = strokes & (apart < LIKE), int(counts.max())
    return _wider(best)


# What ``auto:`` can propose.
PROPOSALS: dict[str, Callable[[Tensor], Tensor]] = {"scratches": scratches, "text": text}


def _channels(x: Tensor) -> Array:
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise InvpriorError(f"marks are looked for in a picture (1 or 3, H, W), got {tuple(x.shape)}")
    channels: Array = x.double().numpy()
    return channels


def _stands_out(y: Array, width: int) -> tuple[Array, Array]:
    """What is brighter, and what is darker, than an opening and a closing by a square of this width leave."""
    return y - grey_opening(y, size=(width, width)), grey_closing(y, size=(width, width)) - y


def _along_lines(thin: Array) -> Array:
    """For every pixel the largest mean along a line through it."""
    half = LENGTH // 2
    lines = torch.zeros(DIRECTIONS, 1, LENGTH, LENGTH)
    steps = torch.linspace(-half, half, 4 * LENGTH)
    for k in range(DIRECTIONS):
        angle = math.pi * k / DIRECTIONS
        rows, columns = ((half + f(angle) * steps).round().long() for f in (math.sin, math.cos))
        lines[k, 0, rows, columns] = 1
    lines /= lines.sum((-2, -1), keepdim=True)
    padded = pad(torch.from_numpy(thin).float()[None, None], (half,) * 4, mode="replicate")
    response: Array = conv2d(padded, lines)[0].amax(0).numpy()
    return response


def _from_seeds(seeds: Array, weak: Array, long: int) -> Array:
    """The connected weak pixels that hold a seed and are long from end to end."""
    numbered: Array = label(weak, np.ones((3, 3)))[0]
    seeded = set(np.unique(numbered[seeds & weak]).tolist())
    found = np.zeros(seeds.shape, dtype=bool)
    for index, (rows, columns) in enumerate(find_objects(numbered), start=1):
        extent = max(rows.stop - rows.start, columns.stop - columns.start)
        part = numbered[rows, columns] == index
        if index in seeded and extent >= long and part.sum() <= THIN * extent:
            found[rows, columns] |= part
    return found


def _wider(found: Array) -> Tensor:
    return torch.from_numpy(binary_dilation(found, np.ones((3, 3)), iterations=AROUND) if found.any() else found)
