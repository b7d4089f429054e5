"""The run record: what was done, with what, and how it went."""

from __future__ import annotations

import json
import math
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from invprior.errors import InvpriorError
from invprior.io.whole import whole_file
from invprior.problem import Problem
from invprior.solvers.loop import Result
from invprior.specs import PriorSpec

# Of the form of records and of the keys beside them; a record of another version is nobody's finished work.
VERSION = 2

PACKAGES = ("invprior", "torch", "numpy", "scipy", "scikit-image", "pyvips", "av")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def run_record(problem: Problem, result: Result, prior: PriorSpec, seed: int) -> dict[str, Any]:
    """All of a run that JSON can hold."""
    return {
        "version": VERSION,
        "status": result.status.name,
        "status_message": result.status.message,
        "kept": result.kept,
        "iterations": result.iterations,
        "seconds": result.seconds,
        "prior": prior.text,
        "solver": repr(result.solver),
        "stop": repr(result.stop),
        "preset": prior.setting("preset", "fast") if problem.prior.parametrised else None,
        "seed": seed,
        "operator": "; ".join(repr(d.operator) for d in problem.data_terms),
        "noise": "; ".join(repr(d.noise) for d in problem.data_terms),
        "device": str(problem.device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "history": list(result.history),
    }


def check_record(path: Path) -> None:
    """Raise if the record could not be written."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InvpriorError(f"cannot write the record {path}: its folder must exist and be writable, and it be a file")


def save_record(path: Path, record: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write JSON beside ``path`` and rename it; an infinite or NaN number becomes null."""
    check_record(path)
    text = json.dumps(finite(record), indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """The value with null for every infinite or NaN number, as JSON knows none."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
