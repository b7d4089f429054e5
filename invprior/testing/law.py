"""A law, what measuring it in one case gives, and the error for a broken one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, Protocol, Self, TypeVar

from torch import Tensor

B = TypeVar("B")


class Case(Protocol):
    """One object with what a law gives to it; its ``repr`` names it in words."""

    @property
    def subject(self) -> Any:
        """The object that is checked."""

    @property
    def given(self) -> Tensor | None:
        """The input, if there is one."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of Python that make the case again."""

    def fresh(self) -> Self:
        """The same case, of which no law has used anything yet."""


C = TypeVar("C", bound=Case)
D = TypeVar("D", bound=Case, contravariant=True)


@dataclass(frozen=True, eq=False)
class Measurement:
    """One measured value, its bound, a description of the case, and the two sides that should agree."""

    measured: float
    allowed: float
    example: str
    left: Tensor | None = None
    right: Tensor | None = None

    @property
    def holds(self) -> bool:
        return self.measured <= self.allowed  # false for NaN


@dataclass(frozen=True)
class Skip:
    """Why a law does not apply in a case."""

    why: str


@dataclass(frozen=True)
class Law(Generic[D]):
    """A named law.

    Attributes
    ----------
    name
        A word or two.
    says
        The law in one sentence, with the unit of the measured value.
    measure
        Measures the law in one case; returns a :class:`Skip` with the reason if it does not apply.
    core
        True if every object must obey. Other laws depend on a capability; an object without it passes.
    sides
        A line of Python that computes ``left`` and ``right`` from the names that the case's lines define.
    """

    name: str
    says: str
    measure: Callable[[D], Measurement | Skip]
    core: bool = True
    sides: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a law over all cases.

    Attributes
    ----------
    worst
        The case with the largest measured/allowed, or the smallest failing one; None if the law never applied.
    cases
        Number of cases in which the law was measured.
    why
        Why the law applied in no case.
    error
        What a check raises for a broken law.
    """

    law: str
    says: str
    core: bool
    holds: bool
    worst: Measurement | None
    cases: int
    why: str = ""
    error: LawError | None = None

    def __str__(self) -> str:
        if self.worst is None:
            return f"--   {self.law:<14} does not apply: {self.why}"
        mark = "ok  " if self.holds else "FAIL"
        bound = f"{self.worst.measured:.3g} of {self.worst.allowed:.3g} allowed"
        tail = f", {self.cases} case{'s' if self.cases > 1 else ''}"
        return f"{mark} {self.law:<14} {bound}{tail if self.holds else f'; smallest example: {self.worst.example}'}"


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
    operator
        The object that broke the law: an operator, a functional, a noise model, …
    input
        The tensor that was given to it; None if there was none.
    left, right
        The two sides that should agree, as tensors; None for laws without sides.
    code
        Lines of Python that make the case again.
    """

    def __init__(self, law: str, m: Measurement, case: Case | None = None, code: str = "") -> None:
        where = f"\n\nTo see it again:\n\n{code}" if code else ""
        super().__init__(
            f"{law}: measured {m.measured:.3g}, allowed {m.allowed:.3g}; smallest example: {m.example}{where}"
        )
        self.law, self.measured, self.allowed, self.example, self.code = law, m.measured, m.allowed, m.example, code
        self.left, self.right = m.left, m.right
        self.operator = None if case is None else case.subject
        self.input = None if case is None else case.given


def classes(module: ModuleType, base: type[B]) -> dict[str, type[B]]:
    """Every proper subclass of ``base`` that a module exports (its ``__all__``, or else what it defines), by name."""
    names = getattr(module, "__all__", None) or [n for n, v in vars(module).items() if _home(v) == module.__name__]
    exports = {name: getattr(module, name) for name in names}
    return {n: k for n, k in exports.items() if isinstance(k, type) and issubclass(k, base) and k is not base}


def _home(value: object) -> str:
    return str(getattr(value, "__module__", ""))
