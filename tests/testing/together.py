"""Every law in each case. One seed draws the same cases for each law, and drawing them is most of the work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis.strategies import SearchStrategy

from invprior import Functional, LinearOperator
from invprior.solvers import Solver
from invprior.testing import Outcome, functional_laws, noise_laws, operator_laws, solver_laws
from invprior.testing.law import Law, Measurement, examine
from invprior.testing.operator_case import cases


def together(target: Any, examples: int) -> Outcome:
    """Whether all laws hold for a class or an instance: an operator, a functional, a noise model or a solver."""
    laws, drawn = _laws(target)

    def measure(case: Any) -> Measurement:
        for law in laws:
            m = law.measure(case)
            if m is not None and not m.holds:
                return replace(m, example=f"{law.name}: {m.example}")
        return Measurement(0.0, 0.0, repr(case))

    return examine(Law("all", "every law holds", measure), drawn, examples=examples, seed_=0)


def _laws(target: Any) -> tuple[tuple[Law[Any], ...], SearchStrategy[Any]]:
    kind = target if isinstance(target, type) else type(target)
    if issubclass(kind, LinearOperator):
        return operator_laws.LAWS, cases(target)
    if issubclass(kind, Functional):
        return functional_laws.LAWS, functional_laws.cases(target, None)
    if issubclass(kind, Solver):
        return solver_laws.LAWS, solver_laws.cases(target)
    return noise_laws.LAWS, noise_laws.cases(target)
