"""Memory is the least of machine, container and limit, and a failure is one sentence."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import invprior.machine as machine
from invprior import InvpriorError
from invprior.failure import NO_MEMORY, sentence

PHYSICAL = machine.memory()


def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, belongs: str, limits: dict[str, str]) -> None:
    (tmp_path / "cgroup").write_text(belongs)
    for place, limit in limits.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(limit + "\n")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "BELONGS", tmp_path / "cgroup")


@pytest.mark.parametrize(
    ("belongs", "limits", "least"),
    [
        ("0::/\n", {"memory.max": str(2**30)}, 1.0),  # inside a container
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": str(2**29)}, 0.5),  # a limit of the group above
        ("4:memory:/docker/x\n3:cpu:/y\n", {"memory/memory.limit_in_bytes": str(2**30)}, 1.0),  # version 1
        ("0::/\n", {"memory.max": "max"}, None),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": str(2**63 - 4096)}, None),
        ("", {}, None),
    ],
)
def test_a_container_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, belongs: str, limits: dict[str, str], least: float | None
) -> None:
    group(tmp_path, monkeypatch, belongs, limits)
    found = machine.memory()
    assert found == least if least is not None else found >= PHYSICAL


def test_what_is_free_is_what_nobody_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:     524288 kB\n")
    monkeypatch.setattr(machine, "MACHINE", tmp_path / "meminfo")
    assert machine.free() == 0.5
    monkeypatch.setattr(machine, "MACHINE", tmp_path / "none")
    assert machine.free() == machine.memory()


@pytest.mark.parametrize(
    ("limits", "most"),
    [({"cpu.max": "150000 100000"}, 1.5), ({"cpu.max": "10000 100000"}, 1.0), ({"cpu.max": "max 100000"}, None)],
)
def test_a_container_limits_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, str], most: float | None
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    group(tmp_path, monkeypatch, "0::/\n", limits)
    assert machine.processors() == (8.0 if most is None else most)


@pytest.mark.parametrize(("others", "idle"), [(0.0, 4.0), (1.5, 2.5), (9.0, 0.0)])
def test_processors_that_others_use_are_not_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: float, idle: float
) -> None:
    """While this process sleeps, all ticks that are counted as used are of others."""
    group(tmp_path, monkeypatch, "0::/\n", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(machine, "PROCESSORS", tmp_path / "stat")
    ticks, begin = os.sysconf("SC_CLK_TCK"), time.monotonic()
    clock = [begin, begin + 2.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock.pop(0))

    def used(seconds: float) -> None:
        (tmp_path / "stat").write_text(f"cpu  {int(1000 + 2 * others * ticks)} 0 0 99 7 0 0 0 0 0\n")

    (tmp_path / "stat").write_text("cpu  1000 0 0 5 3 0 0 0 0 0\n")
    monkeypatch.setattr(time, "sleep", used)
    assert machine.idle() == pytest.approx(idle, abs=0.02)


def test_without_a_word_of_the_system_all_are_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROCESSORS", tmp_path / "none")
    assert machine.idle() == machine.processors()


def test_ulimit_limits() -> None:
    """Addresses that libraries hold without using them do not count, so that a small picture still fits."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); import torch, invprior.machine as m; "
        "print(m.memory())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 1.0 < float(printed) < 8.0
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY or PHYSICAL < 2**40


def test_a_failed_allocation_is_one_sentence() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(10**15)
    assert sentence(caught.value) == NO_MEMORY
    assert sentence(MemoryError()) == NO_MEMORY
    assert sentence(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")) == NO_MEMORY
    assert sentence(InvpriorError("take another")) == "take another"
    assert (
        sentence(PermissionError(13, "Permission denied", "a.png")) == "cannot read or write a.png: Permission denied"
    )
    assert sentence(ValueError("axes don't match array")) is None
