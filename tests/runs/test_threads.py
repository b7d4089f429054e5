"""Threads are as many as the processors that others leave idle."""

from __future__ import annotations

import os

import pytest
import torch

import invprior.machine as machine
from invprior.runs.environment import NAMES, calm
from invprior.runs.threads import take_threads


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Torch has four threads; the list is what it is told to take."""
    told: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return told


@pytest.mark.parametrize(("idle", "taken"), [(0.2, 1), (1.1, 1), (2.9, 3), (4.0, 4)])
def test_busy_processors_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, threads: list[int], idle: float, taken: int
) -> None:
    monkeypatch.setattr(machine, "idle", lambda: idle)
    assert take_threads() == taken
    assert threads == [taken]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_was_given_is_heeded(monkeypatch: pytest.MonkeyPatch, threads: list[int], name: str) -> None:
    monkeypatch.setattr(machine, "idle", lambda: 0.0)
    monkeypatch.setitem(os.environ, name, "4")
    assert take_threads() == 4
    assert threads == []


def test_threads_wait_as_they_are_told_to() -> None:
    assert {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} <= calm({}).keys()
    assert not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & calm({"OMP_WAIT_POLICY": "ACTIVE"}).keys()
    assert not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & calm({"GOMP_SPINCOUNT": "7"}).keys()
