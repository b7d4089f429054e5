"""The laws of a functional's proximal map: by definition, firmly nonexpansive, pure, and under turns of phases."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from invprior.testing.functional_case import NO_PROX, FunctionalCase, inner, size2
from invprior.testing.law import Law, Measurement, Skip


def _candidates(case: FunctionalCase, v: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Points at which a better minimiser may lie, also those that a local search from ``v`` misses."""
    u = case.u
    yield from (("0", torch.zeros_like(u)), ("the input", u), ("the other point", case.w))
    for share in (0.1, 0.5, 0.9, 0.999, 1.001, 1.1):
        yield f"{share} v", share * v
    yield "half way to the input", 0.5 * (u + v)
    if u.is_complex():
        yield from (("the real part of v", v.real.to(u.dtype)), ("v turned by 0.1 rad", cmath.exp(0.1j) * v))
        yield "v turned to the input", v.abs() * u.sgn()
    for quantile in (0.25, 0.5, 0.75):
        level = v.abs().flatten().quantile(quantile)
        yield f"v with its smallest {quantile:.0%} set to 0", torch.where(v.abs() > level, v, 0)
    for k in range(4):
        noise = torch.randn(u.shape, generator=torch.Generator().manual_seed(k), dtype=u.dtype)
        yield "a point near v", v + 10.0**-k * noise


def _prox(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    v = case.f.prox(case.u, case.step)
    best = float(case.f(v)) + size2(v - case.u) / (2 * case.step)
    worst, where = -math.inf, ""
    for name, c in _candidates(case, v):
        excess = best - float(case.f(c)) - size2(c - case.u) / (2 * case.step)
        if excess > worst:
            worst, where = excess, name
    return case.at_most(worst, best, f"{where} is better than prox")


def _firm(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    p, q = case.f.prox(case.u, case.step), case.f.prox(case.w, case.step)
    return case.at_most(size2(p - q) - inner(p - q, case.u - case.w), size2(case.u - case.w))


def _pure(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    original = case.u.clone()
    first = case.f.prox(case.u, case.step).clone()
    case.f.prox(case.w, 2 * case.step)
    wrong = not (torch.equal(first, case.f.prox(case.u, case.step)) and torch.equal(original, case.u))
    return Measurement(float(wrong), 0.0, f"{case!r}: prox depends on earlier calls or modifies its input")


def _phase(case: FunctionalCase) -> Measurement | Skip:
    """Where turns of the points leave f as it is, the proximal point turns with them."""
    if not (case.f.proximable and case.u.is_complex()):
        return Skip("it has no proximal map, or the points are real")
    angles = torch.linspace(0, 5, case.u.numel(), dtype=torch.float64).reshape(case.u.shape) + 1.3
    turns = {"all by one angle": torch.full_like(angles, 1.3), "each by its own angle": angles}
    worst, said = -1.0, ""
    for name, angle in turns.items():
        turn = torch.polar(torch.ones_like(angle), angle)
        values = [(float(case.f(turn * z)), float(case.f(z))) for z in (case.u, case.w, 3 * case.w - 2 * case.u)]
        if all(abs(a - b) <= 1e-12 * abs(b) for a, b in values):
            error = size2(case.f.prox(turn * case.u, case.step) - turn * case.f.prox(case.u, case.step))
            worst, said = max((worst, said), (error, name))
    if worst < 0:
        return Skip("its value changes with the phase")
    return case.at_most(math.sqrt(worst), math.sqrt(size2(case.u)), f"points turned {said}")


PROXIMAL: tuple[Law[FunctionalCase], ...] = (
    Law("prox", "prox is the global minimiser, excess relative to the value", _prox, core=False),
    Law("firm", "‖p − q‖² ≤ ⟨p − q, u − w⟩ for proximal points p, q, relative", _firm, core=False),
    Law("purity", "prox gives the same bits whatever was called before", _pure, core=False),
    Law("phase", "where turns of complex points leave f as it is, prox turns with them, relative", _phase, core=False),
)
