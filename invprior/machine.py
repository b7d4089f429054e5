"""Memory and processors that this process may use: the least of machine, container and its own limit; what is free."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

GIGABYTE = 2**30
# Control groups report no limit as "max" or as a number beyond any machine.
CGROUPS = Path("/sys/fs/cgroup")
BELONGS = Path("/proc/self/cgroup")
USED = Path("/proc/self/statm")
MACHINE = Path("/proc/meminfo")
PROCESSORS = Path("/proc/stat")
# Columns of /proc/stat that are time of somebody: user, nice, system, interrupts, and what another machine took.
TAKEN = (0, 1, 2, 5, 6, 7)


def memory() -> float:
    """Memory in GB that this process may use in all: the least of machine, container (cgroup) and ``ulimit``."""
    container = (int(text) for text in _container("memory", "memory.max", "memory.limit_in_bytes") if text.isdigit())
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *container, *_own()]
    return min(limits) / GIGABYTE


def free() -> float:
    """Memory in GB that this process may use and nobody uses now; all that it may use where the system does not say."""
    try:
        told = dict(line.split(":", 1) for line in MACHINE.read_text().splitlines())
        available = int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):  # not Linux
        return memory()
    return min(memory(), available / GIGABYTE)


def processors() -> float:
    """Processors that this process may use, at least one: the least of its affinity and the quota of its container."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = (text.split() for text in _container("cpu", "cpu.max", None))
    return max(1.0, min([float(mine), *(int(quota) / int(period) for quota, period in quotas if quota != "max")]))


def idle(seconds: float = 0.1) -> float:
    """Processors that nobody else uses: watched for ``seconds``, in which this thread sleeps; at most those it may use.

    All that it may use where the system does not say.
    """
    try:
        before, mine, begin = _taken(), time.process_time(), time.monotonic()
        time.sleep(seconds)
        others = (_taken() - before - (time.process_time() - mine)) / (time.monotonic() - begin)
    except (OSError, ValueError, IndexError):  # not Linux
        return processors()
    return min(processors(), max(0.0, (os.cpu_count() or 1) - others))


def _taken() -> float:
    """Seconds of all processors that were used since the machine started."""
    ticks = [int(word) for word in PROCESSORS.read_text().splitlines()[0].split()[1:]]
    return sum(ticks[k] for k in TAKEN) / os.sysconf("SC_CLK_TCK")


def _container(controller: str, modern: str, older: str | None) -> Iterator[str]:
    """What the control groups that this process is in say in a file: its own and all above it.

    ``modern`` and ``older`` are the file's names in versions 2 and 1; None if version 1 is not read.
    """
    root = CGROUPS
    try:
        lines = BELONGS.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and (older is None or controllers != controller):
            continue
        top, name = (root / controller, older) if controllers and older else (root, modern)
        folder = top / group.lstrip("/")
        # inside a container the path may be that of the host, and the limit stands at the top
        for place in (folder, *(p for p in folder.parents if p.is_relative_to(top))):
            try:
                yield (place / name).read_text().strip()
            except OSError:
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
