"""One profile for all property tests, and processes side by side with one thread each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; without it the tests of pages are skipped."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed; apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
