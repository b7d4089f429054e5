"""The most memory that this process has held."""

from __future__ import annotations

from pathlib import Path


def peak_bytes() -> int:
    """VmHWM of Linux; unlike ``ru_maxrss`` it does not start with that of the process it was forked from."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
