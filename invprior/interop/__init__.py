"""Bridges to other libraries. Each is loaded on first use, since it needs its library installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invprior.interop import deepinv

__all__ = ["deepinv"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"invprior.interop.{name}")
    raise AttributeError(f"module 'invprior.interop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
