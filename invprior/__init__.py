"""Inverse problems in imaging: x* = argmin_x E(Ax; y) + R(x), the deep image prior being one R.

Names load on first use, so that the command line can print its help without waiting for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from invprior import (
        blind,
        explain,
        functionals,
        interop,
        io,
        metrics,
        motion,
        noise,
        operators,
        priors,
        solvers,
        stop,
        testing,
        weight,
    )
    from invprior.blind.found import BlindResult
    from invprior.blind.solve import solve_blind
    from invprior.data_term import DataTerm
    from invprior.errors import InvpriorError
    from invprior.functional import Functional, Term
    from invprior.io.plots import show
    from invprior.linear_operator import LinearOperator
    from invprior.noise import Noise
    from invprior.operator import Operator
    from invprior.prior import Generator, Prior
    from invprior.problem import Problem
    from invprior.runs.allocator import tune_allocator
    from invprior.solvers import Solver
    from invprior.solvers.base import State
    from invprior.solvers.iterate import Iterate
    from invprior.solvers.loop import solve
    from invprior.solvers.recipe import Recipe
    from invprior.solvers.result import Result
    from invprior.study.comparison import compare
    from invprior.study.result import Comparison
    from invprior.uncertainty.expected import ErrorMap, error_map

_MODULES = (
    "blind",
    "explain",
    "functionals",
    "interop",
    "io",
    "metrics",
    "motion",
    "noise",
    "operators",
    "priors",
    "solvers",
    "stop",
    "testing",
    "weight",
)
_HOME = {
    "BlindResult": "blind.found",
    "Comparison": "study.result",
    "DataTerm": "problem",
    "ErrorMap": "uncertainty.expected",
    "Functional": "functional",
    "Generator": "prior",
    "InvpriorError": "errors",
    "Iterate": "solvers.iterate",
    "LinearOperator": "linear_operator",
    "Noise": "noise",
    "Operator": "operator",
    "Prior": "prior",
    "Problem": "problem",
    "Recipe": "solvers.recipe",
    "Result": "solvers.result",
    "Solver": "solvers",
    "State": "solvers.base",
    "Term": "functional",
    "compare": "study.comparison",
    "error_map": "uncertainty.expected",
    "show": "io.plots",
    "solve": "solvers.loop",
    "solve_blind": "blind.solve",
    "tune_allocator": "runs.allocator",
}

__all__ = [
    "BlindResult",
    "Comparison",
    "DataTerm",
    "ErrorMap",
    "Functional",
    "Generator",
    "InvpriorError",
    "Iterate",
    "LinearOperator",
    "Noise",
    "Operator",
    "Prior",
    "Problem",
    "Recipe",
    "Result",
    "Solver",
    "State",
    "Term",
    "blind",
    "compare",
    "error_map",
    "explain",
    "functionals",
    "interop",
    "io",
    "metrics",
    "motion",
    "noise",
    "operators",
    "priors",
    "show",
    "solve",
    "solve_blind",
    "solvers",
    "stop",
    "testing",
    "tune_allocator",
    "weight",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"invprior.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'invprior' has no attribute {name!r}")
    value = getattr(import_module(f"invprior.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
