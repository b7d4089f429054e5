"""``invprior check``: the conformance laws on anyone's operator."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import Any

from invprior.errors import InvpriorError
from invprior.testing import operator_outcomes


def run_check(spec: str, examples: int, seed: int) -> bool:
    """Print one line a law; whether all hold."""
    outcomes = operator_outcomes(load_target(spec), examples=examples, seed=seed)
    for outcome in outcomes:
        print(outcome)
    broken = [o for o in outcomes if not o.holds]
    for o in broken:
        print(f"\n{o.law}: {o.says}.")
        if o.worst is not None:
            print(f"  smallest failing case: {o.worst.example}")
    print(f"\n{spec}: {f'{len(broken)} of {len(outcomes)} laws are broken' if broken else 'every law holds'}")
    return not broken


def load_target(spec: str) -> Any:
    """The operator, class or factory that ``package.module:name`` names; a factory without parameters is called."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise InvpriorError(f"give the operator as package.module:name, got {spec!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules in the current folder, as with python -m
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InvpriorError(f"cannot import {module_name}: {error}; run this from the folder that holds it") from error
    target = getattr(module, name, None)
    if target is None:
        raise InvpriorError(f"module {module_name} has no {name!r}")
    if inspect.isfunction(target) and not _takes_a_shape(target):
        target = target()
    return target


def _takes_a_shape(factory: Any) -> bool:
    return bool(inspect.signature(factory).parameters)
