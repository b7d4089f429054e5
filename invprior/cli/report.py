"""The last line of defence: an unexpected exception becomes a sentence and a report."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import traceback

import invprior.failure as failure


def told(error: BaseException) -> str:
    """The sentence about a failure; of a fault of the program with the path of a report about it."""
    known = failure.sentence(error)
    if known is not None:
        return known
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a fault of invprior itself, {_short(what)}; {_reported(error)}"


def _reported(error: BaseException) -> str:
    """Write the report, and say where it is."""
    lines = [
        f"arguments: {json.dumps(sys.argv[1:])}",
        f"python {platform.python_version()} on {platform.platform()}",
        *(f"{name} {number}" for name, number in _versions().items()),
        "",
        *(line.rstrip() for line in traceback.format_exception(error)),
    ]
    try:
        handle, path = tempfile.mkstemp(prefix="invprior-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join(lines) + "\n")
    except OSError:
        return f"no report could be written; the last line of the traceback: {lines[-1]}"
    return f"the report {path} says where, please send it"


def _versions() -> dict[str, str]:
    try:
        import invprior.runs.record as record

        return record.versions()
    except Exception:  # whatever is broken must not hide the fault
        return {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
