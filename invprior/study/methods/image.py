"""The image that a method of somebody else's returned: of the right shape, in floating numbers, finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.shapes import Shape


def image(value: object, shape: Shape, device: torch.device, what: str) -> Tensor:
    """The value as an image (C, H, W) in float32.

    Parameters
    ----------
    value
        A tensor or an array.
    what
        The method and what it did, to begin a message with: ``method 'nlm' returned``.

    Raises
    ------
    InvpriorError
        If it is no such image; the message says what it is and what to do.
    """
    if isinstance(value, Tensor):
        x = value.detach()
    elif isinstance(value, np.ndarray | np.generic):
        x = _tensor(value, what)
    else:
        raise InvpriorError(f"{what} {shown(value)}; return a tensor or an array of shape {shape}")
    if tuple(x.shape) != shape:
        raise InvpriorError(f"{what} shape {tuple(x.shape)} for an image of {shape}{_remedy(x.shape, shape)}")
    if not x.is_floating_point():
        raise InvpriorError(f"{what} {str(x.dtype).removeprefix('torch.')}; return floating numbers in [0, 1]")
    wrong = int((~x.isfinite()).sum())
    if wrong:
        raise InvpriorError(f"{what} {wrong} of {x.numel()} values that are NaN or infinite")
    # a copy, since the method may go on writing into its own
    return x.to(device, torch.float32, copy=True)


def _tensor(value: Any, what: str) -> Tensor:
    try:
        return torch.from_numpy(np.array(value))  # a copy: arrays may be read-only or run backwards
    except TypeError as error:
        raise InvpriorError(f"{what} an array of {value.dtype}; return floating numbers in [0, 1]") from error


def _remedy(got: Sequence[int], shape: Shape) -> str:
    if len(shape) == 3 and tuple(got) == (*shape[1:], shape[0]):
        return "; put the channels first, with numpy.moveaxis(x, -1, 0)"
    if tuple(got) in ((1, *shape), shape[1:] if shape[0] == 1 else ()):
        return "; take x[0]" if len(got) > len(shape) else "; take x[None]"
    return ""
