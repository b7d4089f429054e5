"""What a process reads from its environment when its libraries start, and so has to be there before."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping

# What the usual libraries read: OpenMP (torch, many programs), OpenBLAS, MKL, numexpr, Accelerate.
NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# A thread that waits for work in a loop takes the processor from whoever has some, and the system has to wake one that
# sleeps at once, some thousand times a second. GNU's threads look for work for some 20 µs first: in a solve on a quiet
# machine the next work is there by then, and system time falls from a quarter to a fifteenth.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
# glibc: memory stays in the process, in pages of 2 MB, arrays of any size included; see ip.tune_allocator.
TUNABLES = "GLIBC_TUNABLES"
MALLOC = ("hugetlb=1", "mmap_max=0", f"trim_threshold={2**62}")


def of_threads(threads: int) -> dict[str, str]:
    """The variables with which a new process takes this number of threads."""
    return dict.fromkeys(NAMES, str(threads))


def calm(given: Mapping[str, str]) -> dict[str, str]:
    """The variables, beyond those that are given, with which threads soon sleep while they wait and memory is kept."""
    wanted = {} if any(name in given for name in WAITING) else dict(WAITING)
    tunables = given.get(TUNABLES, "")
    if platform.libc_ver()[0] == "glibc" and "glibc.malloc." not in tunables:
        wanted[TUNABLES] = ":".join([*filter(None, [tunables]), *(f"glibc.malloc.{setting}" for setting in MALLOC)])
    return wanted


def settle() -> None:
    """Start this program anew, in the same process, if its environment lacks what :func:`calm` asks for.

    glibc reads its settings before the first line of a program runs, so nothing less reaches it.
    """
    wanted = calm(os.environ)
    if not wanted or not sys.executable:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})
