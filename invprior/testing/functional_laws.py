"""The laws of a functional: those of its value here, those of its proximal map and its conjugate beside."""

from __future__ import annotations

import math

import torch

import invprior.functionals as functionals
from invprior.functional import Functional
from invprior.testing.conjugate_laws import CONJUGATE
from invprior.testing.functional_case import (
    FunctionalCase,
    FunctionalMaker,
    Target,
    cases,
    precisions,
    size2,
)
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.proximal_laws import PROXIMAL
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes


def _value(case: FunctionalCase) -> Measurement:
    value = case.f(case.u)
    wrong = value.ndim != 0 or value.is_complex() or bool(value.isnan()) or value.dtype != case.u.real.dtype
    return Measurement(float(wrong), 0.0, f"{case!r}: the value is {value!r}")


def _real(case: FunctionalCase) -> Measurement | Skip:
    """Of complex points without imaginary part f and prox are those of the real ones."""
    if precisions(case.f) != [torch.float64, torch.complex128]:
        return Skip("it takes real points alone (ordered is True), or holds complex values")
    u = case.u.real
    same = u.to(torch.complex128)
    left, right = float(case.f(same)), float(case.f(u))
    error = 0.0 if left == right else abs(left - right)  # both may be infinite
    if case.f.proximable:
        error += math.sqrt(size2(case.f.prox(same, case.step) - case.f.prox(u, case.step)))
    return case.at_most(error, right if math.isfinite(right) else 0.0, "of the same real points, given as complex ones")


def _scaled(case: FunctionalCase) -> Measurement:
    c = 2.5
    g = c * case.f
    scaled, plain = float(g(case.u)), c * float(case.f(case.u))
    error = 0.0 if scaled == plain else abs(scaled - plain)  # outside the domain both are infinite
    if case.f.proximable:
        error += math.sqrt(size2(g.prox(case.u, case.step) - case.f.prox(case.u, c * case.step)))
    return case.at_most(error, plain if math.isfinite(plain) else 0.0)


def _gradient(case: FunctionalCase) -> Measurement | Skip:
    if not case.f.differentiable:
        return Skip("differentiable is False")
    inside = case.f.prox(case.u, case.step) if case.f.proximable else case.u
    u = (inside + 1e-3 + inside.abs()).requires_grad_()  # off the lower end of a domain, as that of counts
    (exact,) = torch.autograd.grad(case.f(u), u)
    return case.at_most(math.sqrt(size2(case.f.gradient(u.detach()) - exact)), math.sqrt(size2(exact)))


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


LAWS: tuple[Law[FunctionalCase], ...] = (
    Law("value", "a real scalar of the input's precision, not NaN", _value),
    *PROXIMAL,
    *CONJUGATE,
    Law("real", "complex points without imaginary part have the value and the prox of real ones", _real, core=False),
    Law("scaling", "c·f has c times the value, and prox with c times the step", _scaled),
    Law("gradient", "gradient is that of autograd, relative", _gradient, core=False),
    Law("rows", "f on two bands of rows is f on both, relative", _rows, core=False),
)


def exported() -> dict[str, type[Functional]]:
    """Every functional of ``invprior.functionals``, by name."""
    return classes(functionals, Functional)  # type: ignore[type-abstract]  # the subclasses are concrete


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
    """Search for a case in which a functional breaks one of its laws, in float64 and complex128.

    Complex points are left out for one that compares values (``ordered``), real ones for one that holds
    complex tensors.

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
