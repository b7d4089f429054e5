"""Inverse problems in imaging: x* = argmin_x E(Ax; y) + R(x), the deep image prior being one R.

Names load on first use, so that the command line can print its help without waiting for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from invprior import interop, io, metrics, motion, noise, operators, priors, solvers, stop, testing, weight
    from invprior.allocator import tune_allocator
    from invprior.errors import InvpriorError
    from invprior.functional import Functional, Term
    from invprior.loop import Result, solve
    from invprior.noise import Noise
    from invprior.operator import LinearOperator, Operator
    from invprior.plots import show
    from invprior.prior import Generator, Prior
    from invprior.problem import DataTerm, Problem
    from invprior.recipe import Recipe
    from invprior.solvers import Solver
    from invprior.study.comparison import compare
    from invprior.study.result import Comparison

_MODULES = (
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
    "Comparison": "study.result",
    "DataTerm": "problem",
    "Functional": "functional",
    "Generator": "prior",
    "InvpriorError": "errors",
    "LinearOperator": "operator",
    "Noise": "noise",
    "Operator": "operator",
    "Prior": "prior",
    "Problem": "problem",
    "Recipe": "recipe",
    "Result": "loop",
    "Solver": "solvers",
    "Term": "functional",
    "compare": "study.comparison",
    "show": "plots",
    "solve": "loop",
    "tune_allocator": "allocator",
}

__all__ = [
    "Comparison",
    "DataTerm",
    "Functional",
    "Generator",
    "InvpriorError",
    "LinearOperator",
    "Noise",
    "Operator",
    "Prior",
    "Problem",
    "Recipe",
    "Result",
    "Solver",
    "Term",
    "compare",
    "interop",
    "io",
    "metrics",
    "motion",
    "noise",
    "operators",
    "priors",
    "show",
    "solve",
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
