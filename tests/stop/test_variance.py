"""The variance of the iterates: against a direct computation, over pauses, and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import Identity
from invprior.priors import NoPrior
from invprior.stop.least import Least
from invprior.stop.variance import PIXELS, subset
from tests.helpers import photograph, randn


def iterate(k: int, x: Tensor) -> Any:
    return SimpleNamespace(iteration=k, latest=x, x=x)


def feed(rule: Least, frames: list[Tensor]) -> list[tuple[Any, stop.Verdict]]:
    memory, out = None, []
    for k, x in enumerate(frames, start=1):
        memory, verdict = rule.update(memory, iterate(k, x))
        out.append((memory, verdict))
    return out


def walk(n: int, scale: float = 1.0) -> list[Tensor]:
    steps = randn(n, 3, 5, 4)
    return [1000 + scale * x for x in steps.cumsum(0)]  # far from zero, where a naive variance loses its digits


def test_windowed_variance_is_the_variance_of_the_window() -> None:
    frames = walk(40)
    rule = stop.WindowedVariance(window=7, min_start=1)
    memory = None
    for k, x in enumerate(frames, start=1):
        parts = None if memory is None else memory.parts
        _, value = rule.signal(parts, iterate(k, x))
        memory, _ = rule.update(memory, iterate(k, x))
        if k < 7:
            assert value is None
            continue
        window = torch.stack(frames[k - 7 : k])
        exact = float((window - window.mean(0)).square().mean())
        assert value == pytest.approx(exact, rel=1e-8)


def test_running_sums_keep_their_digits_over_thousands_of_float32_frames() -> None:
    rule = stop.WindowedVariance(window=5)
    x, parts, value = torch.full((1, 8, 8), 0.7), None, None
    for k in range(3000):
        parts, value = rule.signal(parts, iterate(k + 1, x + 1e-4 * (k % 5)))
    assert value == pytest.approx(2e-8, rel=1e-3)


def test_moving_variance_forgets_exponentially() -> None:
    frames, a = walk(60), 0.2
    rule = stop.MovingVariance(alpha=a)
    parts, value = None, None
    for k, x in enumerate(frames, start=1):
        parts, value = rule.signal(parts, iterate(k, x))
    # the exact weights of the frames: (1 − α)^(n − 1) for the first, α(1 − α)^(n − k) after
    n = len(frames)
    weights = torch.tensor([(1 - a) ** (n - 1)] + [a * (1 - a) ** (n - k) for k in range(2, n + 1)]).double()
    stack = torch.stack(frames).flatten(1)
    mean = weights @ stack
    assert value == pytest.approx(float(weights @ (stack - mean).square().mean(1)), rel=1e-8)


@pytest.mark.parametrize("rule", [stop.WindowedVariance(window=5), stop.MovingVariance()])
def test_memory_is_a_value(rule: stop.WindowedVariance | stop.MovingVariance) -> None:
    frames = walk(20)
    memory = feed(rule, frames[:12])[-1][0]
    first, second = rule.update(memory, iterate(13, frames[12])), rule.update(memory, iterate(13, frames[12]))
    rule.update(memory, iterate(13, frames[19]))
    third = rule.update(memory, iterate(13, frames[12]))
    values = [rule.signal(m.parts, iterate(14, frames[13]))[1] for m, _ in (first, second, third)]
    assert values[0] == values[1] == values[2]


def test_the_least_variance_is_kept_and_frozen_after_patience() -> None:
    # steps that shrink until frame 30 and grow again until 60, then a rest that comes too late
    size = [abs(k - 30) + 1 if k < 60 else 0 for k in range(90)]
    frames = [torch.full((1, 4, 4), float(s * (-1) ** k)) for k, s in enumerate(size)]
    seen = feed(stop.MovingVariance(alpha=0.5, patience=12, min_start=5), frames)
    keeps = [k for k, (_, v) in enumerate(seen, start=1) if v.keep]
    assert abs(keeps[-1] - 32) <= 2
    stops = [k for k, (_, v) in enumerate(seen, start=1) if v.stop is not None]
    assert stops[0] == keeps[-1] + 12
    assert stops == list(range(stops[0], 91))


def test_a_false_minimum_before_min_start_is_passed_over() -> None:
    quiet = [torch.zeros(1, 4, 4)] * 10
    frames = quiet + [torch.full((1, 4, 4), float((100 - k) * (-1) ** k)) for k in range(60)]
    early, late = (feed(stop.WindowedVariance(window=4, patience=20, min_start=m), frames) for m in (1, 15))
    assert any(v.stop for _, v in early[:30])
    assert not any(v.stop for _, v in late)
    assert not any(v.keep for _, v in late[:14])


def test_a_subset_is_fixed_and_bounded() -> None:
    x = randn(3, 300, 301)
    assert subset(x).numel() == PIXELS
    assert torch.equal(subset(x), subset(x.clone()))
    assert torch.equal(subset(2 * x), 2 * subset(x))
    small = randn(2, 3)
    assert torch.equal(subset(small), small.flatten())


def test_the_estimate_kept_is_the_average_at_that_time() -> None:
    y = photograph(size=8).float()
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=NoPrior())
    solver = solvers.Adam(lr=0.01, average=0.9, average_from=2)
    rule = stop.MovingVariance(alpha=0.3, patience=15, min_start=10)
    estimates: dict[int, Tensor] = {}
    whole = solve(
        problem,
        solver,
        stop=rule | stop.MaxIterations(80),
        callbacks=[lambda it: estimates.update({it.iteration: it.x})],
    )
    assert torch.equal(whole.x, estimates[whole.kept])
    part = solve(problem, solver, stop=rule | stop.MaxIterations(20))
    rest = solve(problem, solver, stop=rule | stop.MaxIterations(80), state=part.state)
    assert (rest.kept, rest.iterations) == (whole.kept, whole.iterations)
    assert torch.equal(rest.x, whole.x)


@dataclass(frozen=True)
class _Case:
    make: Any
    says: str


@pytest.mark.parametrize(
    "case",
    [
        _Case(lambda: stop.WindowedVariance(window=1), "at least 2 iterates, got 1"),
        _Case(lambda: stop.WindowedVariance(patience=0), "at least 1 iteration, got 0"),
        _Case(lambda: stop.MovingVariance(alpha=1.0), "between 0 and 1, got 1.0"),
    ],
    ids=lambda c: c.says,
)
def test_bad_settings_are_named(case: _Case) -> None:
    with pytest.raises(InvpriorError, match=case.says):
        case.make()
