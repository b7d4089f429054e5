"""The laws of a functional: value, proximal map, conjugate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.functionals as functionals
from invprior.errors import InvpriorError
from invprior.functional import Functional
from invprior.shapes import Shape
from invprior.testing.law import Law, Measurement, Outcome, classes, examine, raise_first
from invprior.testing.strategies import shapes

Target = Functional | type[Functional]
SLACK = 1e-9  # relative, for values in float64


@dataclass(frozen=True, eq=False)
class FunctionalCase:
    """A functional with two points and a step."""

    f: Functional
    u: Tensor
    w: Tensor
    step: float
    label: str

    def __repr__(self) -> str:
        return f"{self.f!r}, {self.label}, step {self.step:.3g}"

    def at_most(self, excess: float, scale: float, what: str = "") -> Measurement:
        """An excess that should not be positive, relative to ``scale``."""
        return Measurement(max(excess, 0.0) / (1 + abs(scale)), SLACK, f"{self!r}{': ' if what else ''}{what}")


def _size2(t: Tensor) -> float:
    return float(t.abs().square().sum())


def _inner(a: Tensor, b: Tensor) -> float:
    return float((a.conj() * b).real.sum())


def _value(case: FunctionalCase) -> Measurement:
    value = case.f(case.u)
    wrong = value.ndim != 0 or value.is_complex() or bool(value.isnan()) or value.dtype != case.u.real.dtype
    return Measurement(float(wrong), 0.0, f"{case!r}: the value is {value!r}")


def _candidates(case: FunctionalCase, v: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Points at which a better minimiser may lie, also those that a local search from ``v`` misses."""
    u = case.u
    yield from (("0", torch.zeros_like(u)), ("the input", u), ("the other point", case.w))
    for share in (0.1, 0.5, 0.9, 0.999, 1.001, 1.1):
        yield f"{share} v", share * v
    yield "half way to the input", 0.5 * (u + v)
    for quantile in (0.25, 0.5, 0.75):
        level = v.abs().flatten().quantile(quantile)
        yield f"v with its smallest {quantile:.0%} set to 0", torch.where(v.abs() > level, v, 0)
    for k in range(4):
        noise = torch.randn(u.shape, generator=torch.Generator().manual_seed(k), dtype=u.dtype)
        yield "a point near v", v + 10.0**-k * noise


def _prox(case: FunctionalCase) -> Measurement | None:
    if not case.f.proximable:
        return None
    v = case.f.prox(case.u, case.step)
    best = float(case.f(v)) + _size2(v - case.u) / (2 * case.step)
    worst, where = -math.inf, ""
    for name, c in _candidates(case, v):
        excess = best - float(case.f(c)) - _size2(c - case.u) / (2 * case.step)
        if excess > worst:
            worst, where = excess, name
    return case.at_most(worst, best, f"{where} is better than prox")


def _firm(case: FunctionalCase) -> Measurement | None:
    if not case.f.proximable:
        return None
    p, q = case.f.prox(case.u, case.step), case.f.prox(case.w, case.step)
    return case.at_most(_size2(p - q) - _inner(p - q, case.u - case.w), _size2(case.u - case.w))


def _pure(case: FunctionalCase) -> Measurement | None:
    if not case.f.proximable:
        return None
    original = case.u.clone()
    first = case.f.prox(case.u, case.step).clone()
    case.f.prox(case.w, 2 * case.step)
    wrong = not (torch.equal(first, case.f.prox(case.u, case.step)) and torch.equal(original, case.u))
    return Measurement(float(wrong), 0.0, f"{case!r}: prox depends on earlier calls or modifies its input")


def _moreau(case: FunctionalCase) -> Measurement | None:
    if not case.f.proximable:
        return None
    by_moreau = case.u - case.step * case.f.prox(case.u / case.step, 1 / case.step)
    error = math.sqrt(_size2(case.f.conj_prox(case.u, case.step) - by_moreau))
    return case.at_most(error, math.sqrt(_size2(case.u)))


def _fenchel(case: FunctionalCase) -> Measurement | None:
    """f(p) + f*(d) = ⟨p, d⟩ at p = prox(u), d = (u − p)/step, which lies in the subdifferential at p."""
    if not (case.f.proximable and _has_conjugate(case.f)):
        return None
    p = case.f.prox(case.u, case.step)
    d = (case.u - p) / case.step
    # rounding of u / step may put d outside the domain of f*, element by element: shrink it by that much
    rounding = 1.6e-14 * (d.abs() + case.u.abs() / case.step)
    inside = d.sgn() * (d.abs() - rounding).clamp(min=0)
    excess = float(case.f(p)) + float(case.f.conj(inside)) - _inner(p, d)
    # p is the gradient of f* at d, so the shrinking changes f* by at most ⟨|p|, rounding⟩
    return case.at_most(abs(excess) - _inner(p.abs(), rounding), abs(_inner(p, d)))


def _young(case: FunctionalCase) -> Measurement | None:
    """f(w) + f*(d) ≥ ⟨w, d⟩ for every w: the conjugate is not too small."""
    if not (case.f.proximable and _has_conjugate(case.f)):
        return None
    p = case.f.prox(case.u, case.step)
    d = (case.u - p) / case.step
    # 2d may lie outside the domain of f*; if conj is finite there, the inequality fails far along p
    pairs = ((case.w, d), (10 * p, 2 * d), (-10 * case.w, 0.5 * d))
    excess = [_inner(w, v) - float(case.f(w)) - float(case.f.conj(v)) for w, v in pairs]
    return case.at_most(max(excess), max(abs(_inner(w, v)) for w, v in pairs))


def _scaled(case: FunctionalCase) -> Measurement:
    c = 2.5
    g = c * case.f
    scaled, plain = float(g(case.u)), c * float(case.f(case.u))
    error = 0.0 if scaled == plain else abs(scaled - plain)  # outside the domain both are infinite
    if case.f.proximable:
        error += math.sqrt(_size2(g.prox(case.u, case.step) - case.f.prox(case.u, c * case.step)))
    return case.at_most(error, plain if math.isfinite(plain) else 0.0)


def _gradient(case: FunctionalCase) -> Measurement | None:
    if not case.f.differentiable:
        return None
    inside = case.f.prox(case.u, case.step) if case.f.proximable else case.u
    u = (inside + 1e-3 + inside.abs()).requires_grad_()  # off the lower end of a domain, as that of counts
    (exact,) = torch.autograd.grad(case.f(u), u)
    return case.at_most(math.sqrt(_size2(case.f.gradient(u.detach()) - exact)), math.sqrt(_size2(exact)))


def _bounded(case: FunctionalCase) -> Measurement | None:
    """The conjugate over a box: the equality at a proximal pair of f plus the box, the inequality elsewhere."""
    f = case.f
    if not (f.separable and f.proximable):
        return None
    middle = case.w.abs().mean()
    low, high = torch.zeros_like(case.u) - 0.3 * middle, torch.zeros_like(case.u) + middle + 1e-6
    # for a separable f the proximal point of f plus the box is the clamped one of f
    v = torch.minimum(torch.maximum(f.prox(case.u, case.step), low), high)
    if not math.isfinite(float(f(v))):  # the box and the domain of f do not meet
        return None
    d = (case.u - v) / case.step
    rounding = _inner(v.abs(), 1.6e-14 * (d.abs() + case.u.abs() / case.step))
    conj = float(f.conj_bounded(d, low, high))
    off = abs(float(f(v)) + conj - _inner(v, d)) - rounding
    other = torch.minimum(torch.maximum(case.w, low), high)
    below = _inner(other, d) - float(f(other)) - conj
    return case.at_most(max(off, below), max(abs(_inner(v, d)), abs(_inner(other, d))))


def _rows(case: FunctionalCase) -> Measurement | None:
    f, u = case.f, case.u
    if not f.rowwise or u.ndim < 2 or u.shape[-2] < 2:
        return None
    height, k = u.shape[-2], u.shape[-2] // 2
    upper, lower = f.rows(0, k, height), f.rows(k, height, height)
    above, below = u.narrow(-2, 0, k), u.narrow(-2, k, height - k)
    parts, value = float(upper(above)) + float(lower(below)), float(f(u))
    error = 0.0 if parts == value else abs(parts - value)  # both may be infinite
    if f.proximable:
        both = torch.cat([upper.prox(above, case.step), lower.prox(below, case.step)], dim=-2)
        error += float((both - f.prox(u, case.step)).abs().max())
    return case.at_most(error, value if math.isfinite(value) else 0.0)


def _has_conjugate(f: Functional) -> bool:
    inner = getattr(f, "inner", f)
    return type(inner).conj is not Functional.conj


LAWS: tuple[Law[FunctionalCase], ...] = (
    Law("value", "a real scalar of the input's precision, not NaN", _value),
    Law("prox", "prox is the global minimiser, excess relative to the value", _prox, core=False),
    Law("firm", "‖p − q‖² ≤ ⟨p − q, u − w⟩ for proximal points p, q, relative", _firm, core=False),
    Law("purity", "prox gives the same bits whatever was called before", _pure, core=False),
    Law("moreau", "conj_prox is Moreau's, relative", _moreau, core=False),
    Law("fenchel", "f(p) + f*(d) = ⟨p, d⟩ at a proximal pair, relative", _fenchel, core=False),
    Law("young", "f(w) + f*(d) ≥ ⟨w, d⟩, relative", _young, core=False),
    Law("scaling", "c·f has c times the value, and prox with c times the step", _scaled),
    Law("gradient", "gradient is that of autograd, relative", _gradient, core=False),
    Law("bounded", "f(p) + f*(d) = ⟨p, d⟩ with f* over a box, relative", _bounded, core=False),
    Law("rows", "f on two bands of rows is f on both, relative", _rows, core=False),
)


def exported() -> dict[str, type[Functional]]:
    """Every functional of ``invprior.functionals``, by name."""
    return classes(functionals, Functional)  # type: ignore[type-abstract]  # the subclasses are concrete


@st.composite
def cases(draw: st.DrawFn, target: Target, shape: Shape | None) -> FunctionalCase:
    """A functional of the target at random and edge points."""
    size = shape or draw(shapes(6))
    if isinstance(target, type):
        try:
            f = target.example(size, draw(st.randoms(use_true_random=False)))
        except InvpriorError:
            reject()
    else:
        f = target
    seed, scale = draw(st.integers(0, 2**16)), 10 ** draw(st.integers(-3, 3))
    kind = draw(st.sampled_from(["random", "sparse", "zeros", "constant"]))
    rng = torch.Generator().manual_seed(seed)
    u, w = (scale * torch.randn(size, generator=rng, dtype=torch.float64) for _ in range(2))
    if kind == "sparse":
        u = torch.where(u.abs() > scale, u, 0)
    elif kind in ("zeros", "constant"):
        u = torch.full_like(u, 0.0 if kind == "zeros" else float(scale))
    step = 10 ** draw(st.floats(-2, 2))
    return FunctionalCase(f, u, w, step, f"{kind} point of shape {size} (seed {seed}, scale {scale:g})")


def functional_outcomes(
    target: Target, *, shape: Shape | None = None, examples: int = 60, seed: int = 0
) -> list[Outcome]:
    """Measure every law of :func:`check_functional` and return the outcomes."""
    return [examine(law, cases(target, shape), examples=examples, seed_=seed) for law in LAWS]


def check_functional(target: Target, *, shape: Shape | None = None, examples: int = 60, seed: int = 0) -> None:
    """Search for a case in which a functional breaks one of its laws, in float64.

    Parameters
    ----------
    target
        A functional, or a class with ``example``.
    shape
        Shape of the points, for a functional that holds tensors; None searches over shapes.
    examples, seed
        Cases tried for each law, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    """
    raise_first(functional_outcomes(target, shape=shape, examples=examples, seed=seed))
