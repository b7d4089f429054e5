"""The search for the smallest case that breaks a law.

Drawing a case takes longer than measuring a law in it, so one pass draws every case once and measures all laws; only a
law that is broken gets a search of its own, which shrinks the case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Generic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from invprior.errors import InvpriorError
from invprior.testing.law import C, Law, LawError, Measurement, Outcome, Skip

SHORT = 20  # cases; a search with fewer draws no corners


class NoLawError(InvpriorError):
    """None of the laws that were asked for applies."""


@dataclass(frozen=True)
class Search:
    """How to search.

    Attributes
    ----------
    examples
        Cases drawn.
    seed
        Seed of the search.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound that is not zero.
    """

    examples: int
    seed: int = 0
    laws: Iterable[str] | None = None
    tol: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.examples, int) or self.examples < 1:
            raise InvpriorError(f"examples is a whole number of 1 or more, got {self.examples!r}")
        if not (isinstance(self.tol, int | float) and math.isfinite(self.tol) and self.tol > 0):
            raise InvpriorError(f"tol is a factor on the bounds, a number above 0, got {self.tol!r}")

    def chosen(self, laws: Sequence[Law[C]]) -> list[Law[C]]:
        """Those of the laws that were asked for."""
        if self.laws is None:
            return list(laws)
        names = [self.laws] if isinstance(self.laws, str) else list(self.laws)
        known = [law.name for law in laws]
        unknown = [n for n in names if n not in known]
        if unknown or not names:
            raise InvpriorError(f"there is no law {unknown[0] if unknown else 'to check'!r}; take {', '.join(known)}")
        return [law for law in laws if law.name in names]


def survey(
    laws: Sequence[Law[C]],
    cases: SearchStrategy[C],
    search: Search,
    none: Callable[[], InvpriorError],
    corners: Sequence[SearchStrategy[C]] = (),
) -> list[Outcome]:
    """The outcome of every law that was asked for.

    ``none`` says what to do where no case was drawn. Of each of the ``corners`` one case is drawn besides, unless the
    search is a short one.
    """
    seen = [_Seen(law, search.tol) for law in search.chosen(laws)]
    drawn = 0

    def visit(case: C) -> None:
        nonlocal drawn
        drawn += 1
        for each in seen:
            if each.failed is None:  # what is broken needs no further case
                each.visit(case.fresh())

    _run(visit, cases, search, shrink=False)
    corners = corners if search.examples >= SHORT else ()
    for corner in corners:
        _run(visit, corner, replace(search, examples=1), shrink=False)
    if not drawn:
        raise none()
    if all(each.worst is None and each.failed is None for each in seen):
        raise NoLawError(f"no law applied in any of {drawn} cases: {'; '.join(f'{s.law.name}: {s.why}' for s in seen)}")
    return [each.outcome() if each.failed is None else _smallest(each, (cases, *corners), search) for each in seen]


def _smallest(broken: _Seen[C], places: Sequence[SearchStrategy[C]], search: Search) -> Outcome:
    """The outcome of a broken law, with the smallest case that breaks it."""
    last = _Seen(broken.law, search.tol)

    def visit(case: C) -> None:
        last.visit(case.fresh())
        if last.broke:
            raise LawError(last.law.name, last.failed[0])  # type: ignore[index]

    for cases in places:
        if last.failed is None:
            _run(visit, cases, search, shrink=True)
    # an object with a memory may fail in other cases than before: the failure of the first pass stands
    return (broken if last.failed is None else last).outcome()


def _run(visit: Callable[[C], None], cases: SearchStrategy[C], search: Search, *, shrink: bool) -> None:
    run = settings(
        max_examples=search.examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )(seed(search.seed)(given(cases)(visit)))
    with suppress(LawError, Flaky, Unsatisfiable):  # an object with a memory fails in a flaky way
        run()


@dataclass(eq=False)
class _Seen(Generic[C]):
    """What has been seen of a law."""

    law: Law[C]
    tol: float
    worst: Measurement | None = None
    failed: tuple[Measurement, C] | None = None
    broke: bool = False
    count: int = 0
    reasons: dict[str, None] = field(default_factory=dict)

    @property
    def why(self) -> str:
        return "; ".join(list(self.reasons)[:2])

    def visit(self, case: C) -> None:
        m = self._measured(case)
        self.broke = isinstance(m, Measurement) and not m.holds
        if isinstance(m, Skip):
            self.reasons[m.why] = None
            return
        self.count += 1
        if not m.holds:
            self.failed = (m, case)
        elif self.worst is None or _load(m) > _load(self.worst):
            self.worst = m

    def _measured(self, case: C) -> Measurement | Skip:
        try:
            m = self.law.measure(case)
        except (Exception, SystemExit) as error:
            return Measurement(math.inf, 0.0, f"{case} raised {type(error).__name__}: {error}")
        return m if isinstance(m, Skip) or m.allowed == 0 else replace(m, allowed=self.tol * m.allowed)

    def outcome(self) -> Outcome:
        law = self.law
        if self.failed is None:
            return Outcome(law.name, law.says, law.core, True, self.worst, self.count, self.why)
        m, case = self.failed
        error = LawError(law.name, m, case, "\n".join((*case.lines, law.sides)).strip())
        return Outcome(law.name, law.says, law.core, False, m, self.count, "", error)


def _load(m: Measurement) -> float:
    return m.measured / m.allowed if m.allowed > 0 else 0.0


def raise_first(outcomes: Iterable[Outcome]) -> None:
    """Raise the first broken law of a run."""
    for o in outcomes:
        if o.error is not None:
            raise o.error
