"""Memory that is handed back slowly and in large pages."""

from __future__ import annotations

import ctypes
import os
import platform

# Of <malloc.h>; the thresholds are the largest that glibc takes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_ON_HEAP, NEVER = 32 * 2**20, 2**31 - 1


def tune_allocator() -> bool:
    """Keep freed memory in the process, and ask for pages of 2 MB; returns whether anything was changed.

    Every iteration makes and drops arrays of the size of the picture. By default glibc hands each back to the system,
    which clears and maps it anew a moment later: a sixth of a DIP iteration on a CPU, and up to two thirds of a TV
    iteration on large pictures. The settings hold for the whole process, which then keeps its peak of memory; so the
    command line makes them, and in Python it is yours to call, before the first tensor. Linux with glibc only.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # read by torch's allocator once, for arrays beyond the heap's
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_THRESHOLD, LARGEST_ON_HEAP) and libc.mallopt(M_TRIM_THRESHOLD, NEVER))
