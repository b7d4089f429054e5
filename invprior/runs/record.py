"""The run record: what was done, with what, and how it went."""

from __future__ import annotations

import json
import math
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import torch

from invprior.errors import InvpriorError
from invprior.io.whole import check_place, whole_file
from invprior.moving import brief
from invprior.problem import Problem
from invprior.solvers.result import Result

# Version of the format of records and their keys; a record of another version does not count as finished work.
VERSION = 3

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


class Named(Protocol):
    """A prior by its text and its settings, as a spec has them."""

    @property
    def text(self) -> str: ...

    def setting(self, key: str, default: str) -> str: ...


def outside_record(text: str, seed: int) -> dict[str, Any]:
    """The record of a method that is not solved here: it ran, and there is nothing to say about its iterations."""
    return {
        "version": VERSION,
        "status": "finished",
        "status_message": "it returned an image",
        "kept": None,
        "kept_seconds": None,
        "prior": text,
        "seed": seed,
        "weight": None,
        "weight_rule": "the method's own",
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "history": [],
    }


def run_record(problem: Problem, result: Result, prior: Named, seed: int) -> dict[str, Any]:
    """The record of a run, as a dict that JSON can hold."""
    return {
        "version": VERSION,
        "status": result.status.name,
        "status_message": result.status.message,
        "kept": result.kept,
        "iterations": result.iterations,
        "seconds": result.seconds,
        "prior": prior.text,
        "solver": str(result.solver),
        "stop": str(result.stop),
        "preset": prior.setting("preset", "fast") if problem.prior.parametrised else None,
        "seed": seed,
        "operator": "; ".join(repr(d.operator) for d in problem.data_terms),
        "noise": "; ".join(brief(d.noise) for d in problem.data_terms),
        "device": str(problem.device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "history": list(result.history),
    }


def check_record(path: Path, overwrite: bool = False) -> None:
    """Raise if no record can be written to ``path``, or what is there is no record, unless ``overwrite`` says so."""
    check_place(path)
    if not overwrite and path.exists() and not _is_record(path):
        raise InvpriorError(f"{path} exists and is no record of a run, which would be written over; give another name")


def _is_record(path: Path) -> bool:
    """True if a file is empty, or holds what :func:`save_record` writes: a record, or a list of them."""
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if text.strip() else []
    except (OSError, ValueError, RecursionError):
        return False
    records = found if isinstance(found, list) else [found]
    return all(isinstance(one, dict) and {"versions", "prior"} <= one.keys() for one in records)


def save_record(path: Path, record: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write the record as JSON, whole or not at all; infinite and NaN numbers become null."""
    check_place(path)
    text = json.dumps(finite(record), indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def finite(value: Any) -> Any:
    """The value with None for every infinite or NaN number, which JSON cannot hold."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
