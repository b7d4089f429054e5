"""The laws of a functional's conjugate: Moreau, Fenchel, Young, and over a box."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.functional import Functional
from invprior.testing.functional_case import NO_PROX, FunctionalCase, held, inner, size2
from invprior.testing.law import Law, Measurement, Skip


def _moreau(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    by_moreau = case.u - case.step * case.f.prox(case.u / case.step, 1 / case.step)
    error = math.sqrt(size2(case.f.conj_prox(case.u, case.step) - by_moreau))
    return case.at_most(error, math.sqrt(size2(case.u)))


def _fenchel(case: FunctionalCase) -> Measurement | Skip:
    """f(p) + f*(d) = ⟨p, d⟩ at p = prox(u), d = (u − p)/step, which lies in the subdifferential at p."""
    if not (case.f.proximable and case.f.conjugable):
        return Skip("it has no proximal map, or no conj()")
    p = case.f.prox(case.u, case.step)
    d = (case.u - p) / case.step
    # rounding of u / step may put d outside the domain of f*, element by element: shrink it by that much
    rounding = 1.6e-14 * (d.abs() + (case.u.abs() + _largest(case.f)) / case.step)
    inside = d.sgn() * (d.abs() - rounding).clamp(min=0)
    excess = float(case.f(p)) + float(case.f.conj(inside)) - inner(p, d)
    # p is the gradient of f* at d, so the shrinking changes f* by at most ⟨|p|, rounding⟩
    return case.at_most(abs(excess) - inner(p.abs(), rounding), abs(inner(p, d)))


def _young(case: FunctionalCase) -> Measurement | Skip:
    """f(w) + f*(d) ≥ ⟨w, d⟩ for every w: the conjugate is not too small."""
    if not (case.f.proximable and case.f.conjugable):
        return Skip("it has no proximal map, or no conj()")
    p = case.f.prox(case.u, case.step)
    d = (case.u - p) / case.step
    # 2d may lie outside the domain of f*; if conj is finite there, the inequality fails far along p
    pairs = ((case.w, d), (10 * p, 2 * d), (-10 * case.w, 0.5 * d))
    excess = [inner(w, v) - float(case.f(w)) - float(case.f.conj(v)) for w, v in pairs]
    return case.at_most(max(excess), max(abs(inner(w, v)) for w, v in pairs))


def _bounded(case: FunctionalCase) -> Measurement | Skip:
    """The conjugate over a box: the equality at a proximal pair of f plus the box, the inequality elsewhere."""
    f = case.f
    if not (f.separable and f.proximable):
        return Skip("it is not separable and proximable")
    p, middle = f.prox(case.u, case.step), case.w.abs().mean()
    low, high = -0.3 * middle.expand(p.shape), middle.expand(p.shape) + 1e-6
    if p.is_complex():  # f may couple the parts, so that its point in a box is p only if the box reaches as far
        low, high = low - p.abs(), high + p.abs()
    # for a separable f of real values the proximal point of f plus the box is the clamped one of f
    v = _within(p, low, high)
    if not math.isfinite(float(f(v))):
        return Skip("the box and the domain do not meet")
    d = (case.u - v) / case.step
    rounding = inner(v.abs(), 1.6e-14 * (d.abs() + (case.u.abs() + _largest(f)) / case.step))
    conj = float(f.conj_bounded(d, low, high))
    off = abs(float(f(v)) + conj - inner(v, d)) - rounding
    other = _within(case.w, low, high)
    below = inner(other, d) - float(f(other)) - conj
    return case.at_most(max(off, below), max(abs(inner(v, d)), abs(inner(other, d))))


def _within(u: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """u with each entry, or each part of it, between the bounds."""
    if u.is_complex():
        return torch.complex(_within(u.real, low, high), _within(u.imag, low, high))
    return torch.minimum(torch.maximum(u, low), high)


def _largest(f: Functional) -> float:
    """The largest value that the functional holds, whose rounding errors are in its prox."""
    return max((float(t.abs().nan_to_num(0, 0, 0).max()) for t in held(f) if t.numel()), default=0.0)


CONJUGATE: tuple[Law[FunctionalCase], ...] = (
    Law("moreau", "conj_prox is Moreau's, relative", _moreau, core=False),
    Law("fenchel", "f(p) + f*(d) = ⟨p, d⟩ at a proximal pair, relative", _fenchel, core=False),
    Law("young", "f(w) + f*(d) ≥ ⟨w, d⟩, relative", _young, core=False),
    Law("bounded", "f(p) + f*(d) = ⟨p, d⟩ with f* over a box, relative", _bounded, core=False),
)
