"""What a prior is to be used for when a spec names it, and how much memory a solve with it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Memory:
    """Memory and disk of a solve, in GB per megapixel of three channels.

    Attributes
    ----------
    step
        For what one step works on: the picture, a tile, or a network's few frames.
    held
        For every frame of a film in addition: estimates, data, weights and their moments.
    waiting
        On disk, for the tiles that wait.
    weights
        On disk, in GB for every tile whatever its size: the weights and their moments.
    """

    step: float
    held: float = 0.0
    waiting: float = 0.0
    weights: float = 0.0


def _unknown_motion() -> Tensor:
    return torch.zeros(0, 2, 1, 1)


@dataclass(frozen=True, eq=False)
class Film:
    """The window of a film that a prior is built for.

    Attributes
    ----------
    first
        Index of the window's first frame in the film.
    cycle
        Frames per window, after which the inputs of a network repeat.
    motion
        Estimates the flow between the frames, (T − 1, 2, H, W); only a prior that follows the motion calls it.
    weights
        The weights of the network at the end of the previous window.
    batch
        Frames of a step of a network; None for as many as its preset takes.
    """

    first: int = 0
    cycle: int = 20
    motion: Callable[[], Tensor] = _unknown_motion
    weights: Mapping[str, Tensor] | None = None
    batch: int | None = None


@dataclass(frozen=True, eq=False)
class Purpose:
    """What a prior is to be used for when a spec names it.

    Attributes
    ----------
    task
        The task that the settings of a network are chosen for, see :class:`~invprior.priors.DIP`.
    guide
        A picture (c, H, W) of the same scene whose edges are known.
    film
        The window of a film; None for pictures.
    volume
        True for an image (D, H, W) whose slices lie one behind the other.
    """

    task: str = "denoise"
    guide: Tensor | None = None
    film: Film | None = None
    volume: bool = False
