"""Which laws are those of an object: of an operator, a functional, a noise model, a solver, …"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import SkipTest

from hypothesis import HealthCheck, find, settings
from hypothesis.errors import HypothesisException
from torch.nn import Module

from invprior.errors import InvpriorError
from invprior.functional import Functional
from invprior.linear_operator import LinearOperator
from invprior.noise import Noise
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.solvers import Solver
from invprior.stop import StopRule
from invprior.testing import (
    functional_laws,
    network_laws,
    noise_laws,
    nonlinear_laws,
    operator_laws,
    prior_laws,
    solver_laws,
    stop_laws,
)
from invprior.testing.law import Law, Outcome
from invprior.testing.search import NoLawError, raise_first
from invprior.testing.strategies import Shapes
from invprior.testing.targets import Maker, making


@dataclass(frozen=True)
class Kind:
    """A kind of objects that can be checked."""

    name: str
    base: type[Any]
    laws: Sequence[Law[Any]]
    outcomes: Callable[..., list[Outcome]]
    examples: int
    shaped: bool = True


KINDS = (
    Kind("linear operator", LinearOperator, operator_laws.LAWS, operator_laws.operator_outcomes, 40),
    Kind("nonlinear operator", Operator, nonlinear_laws.LAWS, nonlinear_laws.nonlinear_outcomes, 40),
    Kind("functional", Functional, functional_laws.LAWS, functional_laws.functional_outcomes, 60),
    Kind("prior", Prior, prior_laws.LAWS, prior_laws.prior_outcomes, 12),
    Kind("noise model", Noise, noise_laws.LAWS, noise_laws.noise_outcomes, 10, shaped=False),
    Kind("solver", Solver, solver_laws.LAWS, solver_laws.solver_outcomes, 12, shaped=False),
    Kind("stop rule", StopRule, stop_laws.LAWS, stop_laws.stop_outcomes, 8, shaped=False),
    # last, since operators are modules too
    Kind("network", Module, network_laws.LAWS, network_laws.network_outcomes, 4),
)


def kind_of(target: Any, shapes: Shapes | None = None) -> Kind:
    """The kind of an object, of a class, or of what a factory of a shape makes.

    Raises
    ------
    InvpriorError
        If there are no laws for it.
    """
    by_class = isinstance(target, type)
    for kind in KINDS:
        if issubclass(target, kind.base) if by_class else isinstance(target, kind.base):
            return kind
    if inspect.isroutine(target) or isinstance(target, partial):
        maker = Maker(target, Operator, shapes)
        return KINDS[0] if isinstance(_first(maker), LinearOperator) else KINDS[1]
    what = f"{target.__name__}, which derives from none of these" if by_class else f"{target!r}"
    raise InvpriorError(f"there is nothing to check in {what}; give {_named()}, its class, or a factory of a shape")


def _named() -> str:
    *names, last = (("an " if k.name[0] in "aeio" else "a ") + k.name for k in KINDS)
    return f"{', '.join(names)} or {last}"


def _first(maker: Maker[Operator]) -> Operator:
    """The first operator that a factory makes."""
    quiet = settings(database=None, max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    try:
        return find(making(maker, maker.shapes), lambda made: True, settings=quiet).operator
    except HypothesisException as error:
        raise maker.no_case() from error


def outcomes(
    target: Any,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int | None = None,
    seed: int = 0,
) -> list[Outcome]:
    """The outcomes of the laws of an object, whatever it is; ``examples=None`` takes the number usual for its kind."""
    kind = kind_of(target, shapes)
    count = kind.examples if examples is None else examples
    if kind.shaped:
        return kind.outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=count, seed=seed)
    if shapes is not None:
        raise InvpriorError(f"a {kind.name} is checked without shapes; leave them out")
    return kind.outcomes(target, laws=laws, tol=tol, examples=count, seed=seed)


def check(
    target: Any,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int | None = None,
    seed: int = 0,
) -> None:
    """Search for a case in which an object breaks a law of its kind, see the check of that kind."""
    raise_first(outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))


def laws_of(
    target: Any,
    *,
    shapes: Shapes | None = None,
    tol: float = 1.0,
    examples: int | None = None,
    seed: int = 0,
) -> list[Callable[[], None]]:
    """The laws of an object, each as a function without arguments that raises if the law is broken.

    pytest shows each as a test of its own, named by the law, and skips those that do not apply::

        @pytest.mark.parametrize("law", testing.laws_of(MyOperator))
        def test_my_operator(law):
            law()

    Functions and ``unittest.SkipTest`` are plain Python, so that the kit needs neither pytest nor a plugin.
    """

    def run(name: str) -> None:
        try:
            outcome = outcomes(target, shapes=shapes, laws=[name], tol=tol, examples=examples, seed=seed)[0]
        except NoLawError as error:
            raise SkipTest(str(error)) from error
        raise_first([outcome])

    laws: list[Callable[[], None]] = []
    for law in kind_of(target, shapes).laws:
        each = partial(run, law.name)
        each.__name__ = law.name  # type: ignore[attr-defined]  # what pytest shows
        each.__doc__ = law.says
        laws.append(each)
    return laws
