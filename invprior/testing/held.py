"""The tensors that an operator holds, in attributes and in the closures of its functions."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor

from invprior.operator import Operator


def attributes(A: Operator) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in an attribute of the operator and its parts, buffers or not."""
    for path, module in dict(A.named_modules()).items():
        for name, value in {**vars(module), **module._buffers, **module._parameters}.items():
            many = value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else (value,)
            for t in many:
                if isinstance(t, Tensor):
                    yield f"{path}.{name}".lstrip("."), t


def closures(A: Operator) -> dict[str, Tensor]:
    """The tensors, by name, that functions of the operator take from around them; ``.to()`` cannot move these."""
    found: dict[str, Tensor] = {}
    for module in A.modules():
        own = [getattr(type(module), name, None) for name in ("forward", "adjoint", "norm")]
        for value in (*own, *vars(module).values()):
            found.update(_around(value))
    return found


def _around(value: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, partial):
        for part in (value.func, *value.args, *value.keywords.values()):
            yield from [("an argument of partial", part)] if isinstance(part, Tensor) else _around(part)
    if isinstance(value, MethodType):
        value = value.__func__
    if not isinstance(value, FunctionType):
        return
    code = value.__code__
    cells = zip(code.co_freevars, value.__closure__ or (), strict=False)
    named: Mapping[str, Any] = {
        **{n: value.__globals__.get(n) for n in code.co_names},
        **{n: cell.cell_contents for n, cell in cells if _filled(cell)},
        **(value.__kwdefaults__ or {}),
        **dict(zip(code.co_varnames[: code.co_argcount][::-1], (value.__defaults__ or ())[::-1], strict=False)),
    }
    yield from ((n, t) for n, t in named.items() if isinstance(t, Tensor) and t.ndim > 0)


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:  # a name that is assigned later
        return False
    return True


def left_behind(A: Operator, x: Tensor, out: torch.dtype) -> list[str]:
    """The tensors that ``.to()`` cannot move: attributes that are no buffers, and those around functions.

    A tensor around a function is named only if the operator fails because of it: on another device, or by a result of
    another dtype than ``out``. A function may well convert it at every call.
    """
    left = [name for name, t in attributes(copy.deepcopy(A).to("meta")) if t.device.type != "meta"]
    around = {n: t for n, t in closures(A).items() if t.is_floating_point() or t.is_complex()}
    if left or not around:
        return left
    named = [f"{n} ({str(t.dtype)[6:]}, taken from around its function)" for n, t in around.items()]
    for device in ("cpu", "meta"):
        try:
            result = copy.deepcopy(A).to(device)(x.to(device))
        except RuntimeError as error:
            if "device" in str(error) or "dtype" in str(error):
                return named
            continue  # what cannot be computed without values says nothing
        if result.dtype != out:
            return named
    return []
