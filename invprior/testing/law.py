"""A law, its measurement, and the search for the smallest case that breaks it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Generic, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from invprior.errors import InvpriorError

C = TypeVar("C")
B = TypeVar("B")


class LawError(AssertionError):
    """A law is broken.

    Attributes
    ----------
    law
        Name of the law.
    measured, allowed
        The measured value and its bound; the unit is in the law's description.
    example
        The smallest failing case, in words.
    """

    def __init__(self, law: str, measured: float, allowed: float, example: str) -> None:
        super().__init__(f"{law}: measured {measured:.3g}, allowed {allowed:.3g}; smallest example: {example}")
        self.law, self.measured, self.allowed, self.example = law, measured, allowed, example


@dataclass(frozen=True)
class Measurement:
    """One measured value, its bound and a description of the case."""

    measured: float
    allowed: float
    example: str

    @property
    def holds(self) -> bool:
        return self.measured <= self.allowed  # false for NaN


@dataclass(frozen=True)
class Law(Generic[C]):
    """A named law.

    Attributes
    ----------
    name
        A word or two.
    says
        The law in one sentence, with the unit of the measured value.
    measure
        Measures the law in one case; returns None if it does not apply.
    core
        True if every object must obey. Other laws depend on a capability; an object without it passes.
    """

    name: str
    says: str
    measure: Callable[[C], Measurement | None]
    core: bool = True


@dataclass(frozen=True)
class Outcome:
    """The result of a law over all cases.

    Attributes
    ----------
    worst
        The case with the largest measured/allowed, or the smallest failing one; None if the law never applied.
    cases
        Number of cases in which the law was measured.
    """

    law: str
    says: str
    core: bool
    holds: bool
    worst: Measurement | None
    cases: int

    def __str__(self) -> str:
        mark = "ok  " if self.holds else "FAIL"
        if self.worst is None:
            return f"{mark} {self.law:<14} does not apply"
        bound = f"{self.worst.measured:.3g} of {self.worst.allowed:.3g} allowed"
        tail = f", {self.cases} cases" if self.holds else f"; smallest example: {self.worst.example}"
        return f"{mark} {self.law:<14} {bound}{tail}"


def examine(law: Law[C], cases: SearchStrategy[C], *, examples: int, seed_: int) -> Outcome:
    """Search for a case that breaks the law; the outcome holds the smallest one found."""
    search = _Search(law)

    def visit(case: C) -> None:
        search.visit(case)

    run = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )(seed(seed_)(given(cases)(visit)))
    try:
        run()
    except (LawError, Flaky):  # an operator with a memory fails in a flaky way: report the last failure
        return Outcome(law.name, law.says, law.core, False, search.failed, search.count)
    except Unsatisfiable:
        pass
    if not search.drawn:
        raise InvpriorError(
            "there was no case to check: every shape that was tried was refused; check an instance of a shape that fits"
        )
    return Outcome(law.name, law.says, law.core, True, search.worst, search.count)


class _Search(Generic[C]):
    """Measures one case after another; hypothesis calls it."""

    def __init__(self, law: Law[C]) -> None:
        self.law = law
        self.worst: Measurement | None = None
        self.failed: Measurement | None = None
        self.drawn = 0
        self.count = 0

    def visit(self, case: C) -> None:
        self.drawn += 1
        try:
            m = self.law.measure(case)
        except (Exception, SystemExit) as error:
            m = Measurement(math.inf, 0.0, f"{case} raised {type(error).__name__}: {error}")
        if m is None:
            return
        self.count += 1
        if not m.holds:
            self.failed = m
            raise LawError(self.law.name, m.measured, m.allowed, m.example)
        if self.worst is None or _load(m) > _load(self.worst):
            self.worst = m


def classes(module: ModuleType, base: type[B]) -> dict[str, type[B]]:
    """Every proper subclass of ``base`` that a module exports (its ``__all__``, or else what it defines), by name."""
    names = getattr(module, "__all__", None) or [n for n, v in vars(module).items() if _home(v) == module.__name__]
    exports = {name: getattr(module, name) for name in names}
    return {n: k for n, k in exports.items() if isinstance(k, type) and issubclass(k, base) and k is not base}


def _home(value: object) -> str:
    return str(getattr(value, "__module__", ""))


def _load(m: Measurement) -> float:
    return m.measured / m.allowed if m.allowed > 0 else 0.0


def raise_first(outcomes: Iterable[Outcome]) -> None:
    """Raise the first broken law of a run."""
    for o in outcomes:
        if not o.holds and o.worst is not None:
            raise LawError(o.law, o.worst.measured, o.worst.allowed, o.worst.example)
