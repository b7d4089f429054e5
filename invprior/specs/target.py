"""A user's operator by module and name: ``package.module:make_operator``."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

from invprior.errors import InvpriorError


def load_target(spec: str) -> Any:
    """Import an operator, class or factory by ``package.module:name``; a factory without parameters is called."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise InvpriorError(f"give the operator as package.module:name, got {spec!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules in the current folder, as with python -m
    module = _run(f"import {module_name}", lambda: importlib.import_module(module_name))
    target = getattr(module, name, None)
    if target is None:
        raise InvpriorError(f"module {module_name} has no {name!r}")
    if inspect.isfunction(target) and not _takes_a_shape(target):
        target = _run(f"call {spec}", target)
    return target


def _run(what: str, code: Callable[[], Any]) -> Any:
    """Run a user's code; whatever it raises, an exit of Python included, is a mistake of the request."""
    try:
        return code()
    except ImportError as error:
        raise InvpriorError(f"cannot {what}: {error}; run this from the folder that holds it") from error
    except SystemExit as error:
        raise InvpriorError(f"cannot {what}: it ends Python with exit code {error.code}; take that out") from error
    except Exception as error:
        raise InvpriorError(f"cannot {what}: {type(error).__name__}: {error}") from error


def _takes_a_shape(factory: Any) -> bool:
    return bool(inspect.signature(factory).parameters)
