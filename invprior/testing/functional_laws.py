"""The laws of a functional: value, proximal map, conjugate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from random import Random

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.functionals as functionals
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.functional import Functional
from invprior.shapes import Shape
from invprior.testing.content import named
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes, as_strategy, seeds
from invprior.testing.strategies import shapes as usual_shapes

Target = Functional | type[Functional]
SLACK = 1e-9  # relative, for values in float64
NO_PROX = Skip("proximable is False")


@dataclass(frozen=True, eq=False)
class FunctionalCase:
    """A functional with two points and a step."""

    f: Functional
    u: Tensor
    w: Tensor
    step: float
    label: str
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.f!r}, {self.label}, step {self.step:.3g}"

    @property
    def subject(self) -> Functional:
        return self.f

    @property
    def given(self) -> Tensor:
        return self.u

    def fresh(self) -> FunctionalCase:
        return replace(self, f=deepcopy(self.f), u=self.u.clone(), w=self.w.clone())

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


def _prox(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    v = case.f.prox(case.u, case.step)
    best = float(case.f(v)) + _size2(v - case.u) / (2 * case.step)
    worst, where = -math.inf, ""
    for name, c in _candidates(case, v):
        excess = best - float(case.f(c)) - _size2(c - case.u) / (2 * case.step)
        if excess > worst:
            worst, where = excess, name
    return case.at_most(worst, best, f"{where} is better than prox")


def _firm(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    p, q = case.f.prox(case.u, case.step), case.f.prox(case.w, case.step)
    return case.at_most(_size2(p - q) - _inner(p - q, case.u - case.w), _size2(case.u - case.w))


def _pure(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    original = case.u.clone()
    first = case.f.prox(case.u, case.step).clone()
    case.f.prox(case.w, 2 * case.step)
    wrong = not (torch.equal(first, case.f.prox(case.u, case.step)) and torch.equal(original, case.u))
    return Measurement(float(wrong), 0.0, f"{case!r}: prox depends on earlier calls or modifies its input")


def _moreau(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.proximable:
        return NO_PROX
    by_moreau = case.u - case.step * case.f.prox(case.u / case.step, 1 / case.step)
    error = math.sqrt(_size2(case.f.conj_prox(case.u, case.step) - by_moreau))
    return case.at_most(error, math.sqrt(_size2(case.u)))


def _fenchel(case: FunctionalCase) -> Measurement | Skip:
    """f(p) + f*(d) = ⟨p, d⟩ at p = prox(u), d = (u − p)/step, which lies in the subdifferential at p."""
    if not (case.f.proximable and _has_conjugate(case.f)):
        return Skip("it has no proximal map, or no conj()")
    p = case.f.prox(case.u, case.step)
    d = (case.u - p) / case.step
    # rounding of u / step may put d outside the domain of f*, element by element: shrink it by that much
    rounding = 1.6e-14 * (d.abs() + (case.u.abs() + _held(case.f)) / case.step)
    inside = d.sgn() * (d.abs() - rounding).clamp(min=0)
    excess = float(case.f(p)) + float(case.f.conj(inside)) - _inner(p, d)
    # p is the gradient of f* at d, so the shrinking changes f* by at most ⟨|p|, rounding⟩
    return case.at_most(abs(excess) - _inner(p.abs(), rounding), abs(_inner(p, d)))


def _young(case: FunctionalCase) -> Measurement | Skip:
    """f(w) + f*(d) ≥ ⟨w, d⟩ for every w: the conjugate is not too small."""
    if not (case.f.proximable and _has_conjugate(case.f)):
        return Skip("it has no proximal map, or no conj()")
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


def _gradient(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.differentiable:
        return Skip("differentiable is False")
    inside = case.f.prox(case.u, case.step) if case.f.proximable else case.u
    u = (inside + 1e-3 + inside.abs()).requires_grad_()  # off the lower end of a domain, as that of counts
    (exact,) = torch.autograd.grad(case.f(u), u)
    return case.at_most(math.sqrt(_size2(case.f.gradient(u.detach()) - exact)), math.sqrt(_size2(exact)))


def _bounded(case: FunctionalCase) -> Measurement | Skip:
    """The conjugate over a box: the equality at a proximal pair of f plus the box, the inequality elsewhere."""
    f = case.f
    if not (f.separable and f.proximable):
        return Skip("it is not separable and proximable")
    middle = case.w.abs().mean()
    low, high = torch.zeros_like(case.u) - 0.3 * middle, torch.zeros_like(case.u) + middle + 1e-6
    # for a separable f the proximal point of f plus the box is the clamped one of f
    v = torch.minimum(torch.maximum(f.prox(case.u, case.step), low), high)
    if not math.isfinite(float(f(v))):
        return Skip("the box and the domain do not meet")
    d = (case.u - v) / case.step
    rounding = _inner(v.abs(), 1.6e-14 * (d.abs() + (case.u.abs() + _held(f)) / case.step))
    conj = float(f.conj_bounded(d, low, high))
    off = abs(float(f(v)) + conj - _inner(v, d)) - rounding
    other = torch.minimum(torch.maximum(case.w, low), high)
    below = _inner(other, d) - float(f(other)) - conj
    return case.at_most(max(off, below), max(abs(_inner(v, d)), abs(_inner(other, d))))


def _rows(case: FunctionalCase) -> Measurement | Skip:
    f, u = case.f, case.u
    if not f.rowwise or u.ndim < 2 or u.shape[-2] < 2:
        return Skip("rowwise is False, or the points have one row")
    height, k = u.shape[-2], u.shape[-2] // 2
    upper, lower = f.rows(0, k, height), f.rows(k, height, height)
    above, below = u.narrow(-2, 0, k), u.narrow(-2, k, height - k)
    parts, value = float(upper(above)) + float(lower(below)), float(f(u))
    error = 0.0 if parts == value else abs(parts - value)  # both may be infinite
    if f.proximable:
        both = torch.cat([upper.prox(above, case.step), lower.prox(below, case.step)], dim=-2)
        error += float((both - f.prox(u, case.step)).abs().max())
    return case.at_most(error, value if math.isfinite(value) else 0.0)


def _held(f: Functional) -> float:
    """The largest value in tensors of the functional, such as a centre, whose rounding errors are in its prox."""
    parts = vars(f).values()
    tensors = [float(t.abs().nan_to_num(0, 0, 0).max()) for t in parts if isinstance(t, Tensor) and t.numel()]
    return max(tensors + [_held(p) for p in parts if isinstance(p, Functional)], default=0.0)


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
def cases(draw: st.DrawFn, maker: FunctionalMaker) -> FunctionalCase:
    """A functional of the target at random and edge points."""
    size, settings = draw(maker.shapes), draw(seeds())
    f = maker.at(size, settings)
    if f is None:
        reject()
    power, seed = draw(st.integers(-3, 3)), draw(seeds())
    kind = draw(st.sampled_from(["random", "sparse", "zeros", "constant"]))
    scale = 10.0**power
    u, w = named(kind, size, torch.float64, seed), named("random", size, torch.float64, seed + 1)
    step = 10 ** draw(st.floats(-2, 2))
    lines = (
        "import torch",
        "from random import Random",
        "from invprior.testing import strategies",
        *maker.lines(size, settings),
        f"u, w, step = {scale:g} * {u.code}, {scale:g} * {w.code}, {step!r}",
        "print(f(u), f.prox(u, step))",
    )
    label = f"{u.label} × {scale:g}, shape {size}"
    return FunctionalCase(f, scale * u.x, scale * w.x, step, label, lines)


class FunctionalMaker:
    """Makes functionals for points of a shape, and remembers the last refusal."""

    def __init__(self, target: Target, shapes: Shapes | None) -> None:
        if not isinstance(target, Functional) and not (isinstance(target, type) and issubclass(target, Functional)):
            raise InvpriorError(f"there is nothing to check in {target!r}; give a functional or its class")
        self.target = target
        self.shapes = usual_shapes(6, axes=(3, 2, 4)) if shapes is None else as_strategy(shapes)
        self.refusal = ""

    def at(self, shape: Shape, seed: int) -> Functional | None:
        """The functional for points of this shape; None if they are refused."""
        if isinstance(self.target, type):
            return called(f"make an example of {self.target.__name__}", partial(self._example, shape, seed))
        points = torch.zeros(shape, dtype=torch.float64)
        try:  # one that holds tensors takes points of one shape
            self.target(points)
            fits = not self.target.proximable or self.target.prox(points, 1.0).shape == points.shape
        except (InvpriorError, RuntimeError) as error:
            self.refusal = f", {shape} with: {error}"
            return None
        return self.target if fits else None

    def _example(self, shape: Shape, seed: int) -> Functional | None:
        assert isinstance(self.target, type)
        try:
            return self.target.example(shape, Random(seed))
        except InvpriorError as error:
            self.refusal = f", {shape} with: {error}"
            return None

    def lines(self, shape: Shape, seed: int) -> tuple[str, ...]:
        if not isinstance(self.target, type):
            return (f"f = …  # {self.target!r}, as you made it; the error holds it as error.operator",)
        name = self.target.__name__
        return (f"from {self.target.__module__} import {name}", f"f = {name}.example({shape}, Random({seed}))")

    def no_case(self) -> InvpriorError:
        return InvpriorError(
            f"there was no case to check: {self.target!r} refused points of every shape that was tried{self.refusal}; "
            "give the shapes of its points, such as shapes=[(3, 16, 16)]"
        )


def functional_outcomes(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 60,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_functional` and return the outcomes."""
    maker = FunctionalMaker(target, shapes)
    return survey(LAWS, cases(maker), Search(examples, seed, laws, tol), maker.no_case)


def check_functional(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 60,
    seed: int = 0,
) -> None:
    """Search for a case in which a functional breaks one of its laws, in float64.

    Parameters
    ----------
    target
        A functional, or a class with ``example``.
    shapes
        Shapes of the points, a list or a strategy; a functional that holds tensors needs theirs.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    InvpriorError
        If no case could be drawn.
    """
    raise_first(functional_outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))
