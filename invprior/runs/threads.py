"""How many threads are worth it."""

from __future__ import annotations

import os

import torch

import invprior.machine as machine
from invprior.runs.environment import NAMES


def take_threads() -> int:
    """Let torch take as many threads as there are processors that others leave idle, at least one; returns how many.

    Threads of one solve wait for each other some thousand times a second. If one of them has to wait for a processor
    that somebody else has, all wait, so that two threads on a busy machine are slower than one. Variables such as
    ``OMP_NUM_THREADS`` are heeded: nothing is changed then.
    """
    threads = torch.get_num_threads()
    if threads > 1 and not any(name in os.environ for name in NAMES):
        threads = min(threads, max(1, round(machine.idle())))
        torch.set_num_threads(threads)
    return threads
