"""Spectral projected gradients: the parameters' step while the image is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from invprior.blind.constraint import Constraint

MEMORY = 5  # values that the line search looks back on
SUFFICIENT = 1e-4  # of the decrease that the slope promises
FIRST = 0.1  # the largest change of the first step, in units of the parameters' scales

Values = dict[str, Tensor]


class Slope(NamedTuple):
    """A function's value and its gradient."""

    value: float
    gradient: Values


def descend(f: Callable[[Values], Tensor], start: Values, constraints: Mapping[str, Constraint], steps: int) -> Values:
    """Lower f within the constraints by spectral projected gradients (Birgin, Martínez & Raydan 2000).

    The step length is that of Barzilai and Borwein, which for one parameter is the secant method; a nonmonotone line
    search along the projected direction makes sure that f decreases.
    """
    at, slope = start, _slope(f, start)
    past = [slope.value]
    length: float | None = None
    best, least = at, slope.value
    for _ in range(steps):
        if length is None:
            steepest = max(float((constraints[k].scale * g).abs().max()) for k, g in slope.gradient.items())
            if steepest == 0:
                break
            length = FIRST / steepest
        scaled = {k: length * constraints[k].scale ** 2 * g for k, g in slope.gradient.items()}
        aim = {k: constraints[k].project(v - scaled[k]) for k, v in at.items()}
        direction = {k: aim[k] - v for k, v in at.items()}
        slant = _inner(slope.gradient, direction)
        if not slant < 0:
            break
        share = 1.0
        while True:
            there = {k: v + share * direction[k] for k, v in at.items()}
            with torch.no_grad():
                value = float(f(there))
            if value <= max(past[-MEMORY:]) + SUFFICIENT * share * slant or share < 1e-6:
                break
            share /= 2
        if share < 1e-6:
            break
        new = _slope(f, there)
        moved = {k: (there[k] - v) / constraints[k].scale for k, v in at.items()}
        bent = {k: (new.gradient[k] - g) * constraints[k].scale for k, g in slope.gradient.items()}
        curved = _inner(moved, bent)
        length = _inner(moved, moved) / curved if curved > 0 else 10 * length
        at, slope = there, new
        past.append(new.value)
        if new.value < least:
            best, least = at, new.value
    return best


def _slope(f: Callable[[Values], Tensor], at: Values) -> Slope:
    with torch.enable_grad():
        leaves = {k: v.detach().requires_grad_() for k, v in at.items()}
        value = f(leaves)
        found = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True)
    return Slope(float(value.detach()), dict(zip(leaves, found, strict=True)))


def _inner(a: Values, b: Values) -> float:
    return sum(float((a[k] * b[k]).sum(dtype=torch.float64)) for k in a)
