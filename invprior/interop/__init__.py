"""Bridges to other libraries. What needs a library of its own is loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from invprior.interop.arrays import ArrayOperator, from_numpy, from_pylops, from_scipy

if TYPE_CHECKING:
    from invprior.interop import deepinv

__all__ = ["ArrayOperator", "deepinv", "from_numpy", "from_pylops", "from_scipy"]


def __getattr__(name: str) -> Any:
    if name == "deepinv":
        return import_module(f"invprior.interop.{name}")
    raise AttributeError(f"module 'invprior.interop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
