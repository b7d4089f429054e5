"""What a prior that somebody names is wanted for, and what memory it takes: what a prior declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Memory:
    """GB that a megapixel of three channels takes in a solve.

    Attributes
    ----------
    step
        Of what one step works on: the picture, a tile, or a network's few frames.
    held
        Of every frame or tile beside it: estimates, data, weights and their moments.
    """

    step: float
    held: float = 0.0


def _unknown_motion() -> Tensor:
    return torch.zeros(0, 2, 1, 1)


@dataclass(frozen=True, eq=False)
class Film:
    """The window of a film that a prior is made for.

    Attributes
    ----------
    first
        The number of the window's first frame in the film.
    cycle
        Frames of a window, after which the inputs of a network come again.
    motion
        Estimates the flow between the frames, (T − 1, 2, H, W); only a prior that follows the motion calls it.
    weights
        The network that the window before ended with.
    """

    first: int = 0
    cycle: int = 20
    motion: Callable[[], Tensor] = _unknown_motion
    weights: Mapping[str, Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Purpose:
    """What a prior that somebody names is wanted for.

    Attributes
    ----------
    task
        What the settings of a network are chosen for, see :class:`~invprior.priors.DIP`.
    guide
        A picture (c, H, W) of the same scene whose edges are known.
    film
        The window of a film; None for pictures.
    """

    task: str = "denoise"
    guide: Tensor | None = None
    film: Film | None = None
