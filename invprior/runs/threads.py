"""The number of threads that the libraries of a process take."""

from __future__ import annotations

# What the usual ones read when they start: OpenMP (torch, many programs), OpenBLAS, MKL, numexpr, Accelerate.
NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def environment(threads: int) -> dict[str, str]:
    """The variables with which a new process takes this number of threads."""
    return dict.fromkeys(NAMES, str(threads))
