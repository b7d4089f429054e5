"""The memory that this process may use: the least of machine, container and its own limit; and what of it is free."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

GIGABYTE = 2**30
# Control groups report no limit as "max" or as a number beyond any machine.
CGROUPS = Path("/sys/fs/cgroup")
BELONGS = Path("/proc/self/cgroup")
USED = Path("/proc/self/statm")
MACHINE = Path("/proc/meminfo")


def memory() -> float:
    """Memory in GB that this process may use in all: the least of machine, container (cgroup) and ``ulimit``."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_container(CGROUPS, BELONGS), *_own()]
    return min(limits) / GIGABYTE


def free() -> float:
    """Memory in GB that this process may use and nobody uses now; all that it may use where the system does not say."""
    try:
        told = dict(line.split(":", 1) for line in MACHINE.read_text().splitlines())
        available = int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):  # not Linux
        return memory()
    return min(memory(), available / GIGABYTE)


def _container(root: Path, belongs: Path) -> Iterator[int]:
    """The limits of the control groups that this process is in, in bytes: its own and all above it."""
    try:
        lines = belongs.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top, name = (root, "memory.max") if not controllers else (root / "memory", "memory.limit_in_bytes")
        folder = top / group.lstrip("/")
        # inside a container the path may be that of the host, and the limit stands at the top
        for place in (folder, *(p for p in folder.parents if p.is_relative_to(top))):
            try:
                yield int((place / name).read_text())
            except (OSError, ValueError):
                continue


def _own() -> Iterator[int]:
    """The limits of ``ulimit -v`` and ``-d`` in bytes, less the addresses that libraries hold and never use."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield max(soft - _unused(), 0)


def _unused() -> int:
    """Bytes of addresses without memory behind them."""
    try:
        addresses, resident, *_ = map(int, USED.read_text().split())
    except OSError:
        return 0
    return (addresses - resident) * os.sysconf("SC_PAGE_SIZE")
