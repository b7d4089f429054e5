"""Values on another device or in another precision, and values in a line of text."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from functools import cached_property
from types import FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.shapes import same_kind

V = TypeVar("V")


def destination(where: tuple[object, ...]) -> tuple[torch.device | None, torch.dtype | None]:
    """The device and the precision named, in any order, as ``Tensor.to`` takes them."""
    device, dtype = None, None
    for value in where:
        if isinstance(value, torch.dtype) and (value.is_floating_point or value.is_complex):
            dtype = value
            continue
        try:
            device = torch.device(value)  # type: ignore[call-overload]
        except (RuntimeError, TypeError) as error:
            raise InvpriorError(
                f"to takes a device such as 'cuda' or a precision such as torch.float64, got {shown(value)}"
            ) from error
    return device, dtype


def moved(value: V, device: torch.device | None, dtype: torch.dtype | None) -> V:
    """A copy whose tensors lie on the device and have the precision; the value itself stays as it is.

    Tensors of whole numbers and truth values keep their kind, and complex ones stay complex. What functions close over
    is not seen.
    """
    out: Any = value
    if isinstance(value, Tensor):
        out = _tensor(value, device, dtype)
    elif isinstance(value, nn.Module):
        out = copy.deepcopy(value)
        out._apply(lambda t: _tensor(t, device, dtype))
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        out = type(value)(*(moved(v, device, dtype) for v in value))
    elif isinstance(value, tuple | list):
        out = type(value)(moved(v, device, dtype) for v in value)
    elif isinstance(value, dict):
        out = {k: moved(v, device, dtype) for k, v in value.items()}
    elif hasattr(value, "__dict__") and not isinstance(value, type | FunctionType | MethodType | ModuleType):
        out = copy.copy(value)
        derived = {k for kind in type(value).__mro__ for k, v in vars(kind).items() if isinstance(v, cached_property)}
        for name, held in vars(value).items():
            if name in derived:
                out.__dict__.pop(name, None)
            else:
                out.__dict__[name] = moved(held, device, dtype)
    return out  # type: ignore[no-any-return]


def _tensor(t: Tensor, device: torch.device | None, dtype: torch.dtype | None) -> Tensor:
    numbers = t.is_floating_point() or t.is_complex()
    return same_kind(lambda u: u.to(device=device, dtype=dtype if numbers else None))(t)


def brief(value: object) -> str:
    """The value in a line, with the shape of a tensor in place of its numbers."""
    if isinstance(value, Tensor):
        return f"{value.item():g}" if value.numel() == 1 and not value.is_complex() else f"<{tuple(value.shape)}>"
    if is_dataclass(value) and any(isinstance(v, Tensor) for v in vars(value).values()):
        shown = (f"{f.name}={brief(getattr(value, f.name))}" for f in fields(value) if f.repr)
        return f"{type(value).__name__}({', '.join(shown)})"
    return " ".join(repr(value).split())
