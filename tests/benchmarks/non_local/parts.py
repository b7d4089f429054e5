"""Where the time of the estimate goes, and the least that its products of matrices and factorisations would take."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any
from unittest.mock import patch

import torch
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function

from invprior.priors.patches import denoise, groups
from invprior.priors.patches.bayes import bayes
from invprior.priors.patches.groups import Estimator
from invprior.priors.patches.threshold import threshold
from invprior.priors.patches.tiles import Tiles
from invprior.runs.allocator import tune_allocator
from tests.benchmarks.non_local.contest import FILES, Asked, Run, denoiser

# What an event is a part of: the first of these that is its name or that of an event around it.
PARTS = {
    "aten::topk": "selection",
    "nearest": "distances",
    "patches": "gathering",
    "aten::index": "gathering",
    "aten::linalg_cholesky": "Cholesky",
    "aten::cholesky_solve": "Cholesky",
    "bayes": "statistics",
    "threshold": "first estimate's transforms",
    "aten::index_add_": "putting back",
}


def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which the profiler then knows by this name."""

    @wraps(function)
    def run(*args: Any) -> Any:
        with record_function(name):
            return function(*args)

    return run


def estimator(name: str, made: Callable[..., Estimator]) -> Callable[..., Estimator]:
    return lambda *args: named(name, made(*args))


def part(event: FunctionEvent) -> str:
    around = []
    above: FunctionEvent | None = event
    while above is not None:
        around.append(above.name)
        above = above.cpu_parent
    return next((says for name, says in PARTS.items() if name in around), "the rest")


def operations(event: FunctionEvent) -> float:
    """Floating-point operations of a product of matrices, a factorisation, or a solve with it."""
    shapes: Any = event.input_shapes  # a list of shapes, whatever torch's annotation says
    if event.name == "aten::linalg_cholesky_ex":
        return float(math.prod(shapes[0]) * shapes[0][-1] / 3)
    if event.name == "aten::cholesky_solve":
        return float(2 * math.prod(shapes[0]) * shapes[1][-1])
    left, right = {"aten::bmm": (0, 1), "aten::mm": (0, 1), "aten::baddbmm": (1, 2)}.get(event.name, (None, None))
    if left is None or right is None:
        return 0.0
    return float(2 * math.prod(shapes[left]) * shapes[right][-1])


def rate(seconds: float = 1.0) -> float:
    """Operations a second of products of matrices of 1024²."""
    a = torch.rand(1024, 1024)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        a @ a
        best = max(best, 2 * 1024**3 / (time.perf_counter() - begin))
    return best


def events(run: Callable[[], object], shapes: bool) -> list[FunctionEvent]:
    """What happened in a run."""
    with (
        patch.object(groups, "nearest", named("nearest", groups.nearest)),
        patch.object(denoise, "bayes", estimator("bayes", bayes)),
        patch.object(denoise, "threshold", estimator("threshold", threshold)),
        patch.object(Tiles, "patches", named("patches", Tiles.patches)),
        profile(activities=[ProfilerActivity.CPU], record_shapes=shapes) as found,
    ):
        run()
    return list(found.events() or [])


def where_time_goes(asked: Asked) -> None:
    """Print seconds by part, beside those of the arithmetic at the rate of large products."""
    torch.set_num_threads(1)
    tune_allocator()
    y, _ = Run(asked.noisy[0], FILES, size=asked.crop).measured(asked.folder)
    estimate = denoiser("ours")

    def run() -> object:
        return estimate(y, FILES / 255)

    run()  # what happens once
    begin = time.process_time()
    run()
    alone = time.process_time() - begin
    seconds: defaultdict[str, float] = defaultdict(float)
    work: defaultdict[str, float] = defaultdict(float)
    for event in events(run, shapes=False):
        seconds[part(event)] += event.self_cpu_time_total / 1e6
    for event in events(run, shapes=True):  # which takes longer
        work[part(event)] += operations(event)
    # the profiler counts seconds of the wall, and its own: its shares are taken of a run without it
    total, fastest = sum(seconds.values()), rate()
    print(f"{asked.noisy[0]}, central {asked.crop}², one thread, {alone:.2f} s of processor time; ", end="")
    print(f"products of matrices of 1024² run at {fastest / 1e9:.0f} Gflop/s.\n")
    print("| | s | share | Gflop | s at that rate |\n|---|---|---|---|---|")
    for name, t in [*sorted(seconds.items(), key=lambda item: -item[1]), ("together", total)]:
        flops = sum(work.values()) if name == "together" else work[name]
        row = f"{alone * t / total:.2f} | {100 * t / total:.0f} % | {flops / 1e9:.1f} | {flops / fastest:.2f}"
        print(f"| {name} | {row} |")
