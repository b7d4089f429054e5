"""Allocator settings: keep freed memory in the process, and use large pages."""

from __future__ import annotations

import ctypes
import os
import platform

# Parameter numbers of <malloc.h>, and the largest thresholds that glibc accepts.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_ON_HEAP, NEVER = 32 * 2**20, 2**31 - 1


def tune_allocator() -> bool:
    """Keep freed memory in the process and ask for pages of 2 MB; returns True if glibc took the settings.

    Every iteration allocates and frees arrays of the size of the picture. By default glibc returns each to the system,
    which clears and maps it again a moment later. That takes a sixth of a DIP iteration on a CPU, and up to two thirds
    of a TV iteration on large pictures. The settings hold for the whole process, which then keeps its peak memory; so
    the command line calls this, and a Python program may, before its first tensor. Linux with glibc only.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch reads it once; it concerns arrays too large for the heap
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_THRESHOLD, LARGEST_ON_HEAP) and libc.mallopt(M_TRIM_THRESHOLD, NEVER))
