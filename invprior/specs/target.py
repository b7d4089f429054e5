"""A user's operator by module and name: ``package.module:make_operator``."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import Any

from invprior.errors import InvpriorError
from invprior.failure import called


def load_target(spec: str) -> Any:
    """Import an operator, class or factory by ``package.module:name``; a factory without parameters is called."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise InvpriorError(f"give the operator as package.module:name, got {spec!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules in the current folder, as with python -m
    module = called(f"import {module_name}", lambda: importlib.import_module(module_name))
    target = called(f"find {name} in {module_name}", lambda: getattr(module, name, None))
    if target is None:
        raise InvpriorError(f"module {module_name} has no {name!r}")
    if inspect.isfunction(target) and not _takes_a_shape(target):
        target = called(f"call {spec}", target)
    return target


def _takes_a_shape(factory: Any) -> bool:
    return bool(inspect.signature(factory).parameters)
