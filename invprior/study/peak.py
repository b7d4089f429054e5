"""The memory that a piece of work takes at its peak."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # of proc(5)


@dataclass
class Peak:
    """Megabytes above what was held before; None where the system does not tell."""

    megabytes: float | None = None


@contextmanager
def peak_memory(device: str) -> Iterator[Peak]:
    """Measure the peak on the device, or in the process, between here and the end of the block.

    On a CPU it is Linux's high-water mark, reset at the start after freed memory was handed back, since a process
    that has worked before would seem to need nothing.
    """
    peak = Peak()
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield peak
        peak.megabytes = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        return
    if not CLEAR.exists():
        yield peak
        return
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text(RESET_PEAK)
    held = _megabytes("VmRSS")
    yield peak
    peak.megabytes = max(0.0, _megabytes("VmHWM") - held)


def _megabytes(field: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024
