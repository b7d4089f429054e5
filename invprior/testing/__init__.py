"""Property tests of operators, functionals, noise models and solvers: named laws, searched for counterexamples.

They need hypothesis, not pytest. Each ``check_`` function raises :class:`LawError` with the first broken law, its
measured value, its bound and the smallest failing example. Each ``_outcomes`` function returns the results of all laws.
"""

from invprior.testing.functional_laws import check_functional, functional_outcomes
from invprior.testing.law import Law, LawError, Outcome
from invprior.testing.noise_laws import check_noise, noise_outcomes
from invprior.testing.operator_laws import check_linear_operator, operator_outcomes
from invprior.testing.solver_laws import check_solver, solver_outcomes

__all__ = [
    "Law",
    "LawError",
    "Outcome",
    "check_functional",
    "check_linear_operator",
    "check_noise",
    "check_solver",
    "functional_outcomes",
    "noise_outcomes",
    "operator_outcomes",
    "solver_outcomes",
]
