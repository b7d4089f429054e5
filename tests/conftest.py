"""One profile for all property tests, and processes side by side with one thread each."""

from __future__ import annotations

import os

# Before torch starts, and inherited by every process that a test starts. Pictures of tests are too small for two
# threads, and threads of several processes that wait for one another take more time than they save.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# No deadlines, since a shared machine may stall any example.
settings.register_profile("invprior", deadline=None, max_examples=50)
settings.load_profile("invprior")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many as there are processors for this process, and no more than eight: each takes a gigabyte."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)
