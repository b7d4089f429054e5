"""Property tests of everything that can be written for invprior: named laws, searched for counterexamples.

They need hypothesis, not pytest. :func:`check` finds out what it is given and takes the laws of its kind; each other
``check_`` function is for one kind. All raise :class:`LawError` with the first broken law, its measured value, its
bound and the smallest failing example, as tensors and as lines of Python that make it again. Each ``_outcomes``
function returns the results of all laws. :func:`laws_of` makes each law a test of its own. ``testing.strategies`` has
the hypothesis strategies for tests of your own.
"""

from invprior.testing import strategies
from invprior.testing.functional_laws import check_functional, functional_outcomes
from invprior.testing.kinds import check, laws_of, outcomes
from invprior.testing.law import Law, LawError, Outcome
from invprior.testing.network_laws import check_network, network_outcomes
from invprior.testing.noise_laws import check_noise, noise_outcomes
from invprior.testing.nonlinear_laws import check_operator, nonlinear_outcomes
from invprior.testing.operator_laws import check_linear_operator, operator_outcomes
from invprior.testing.prior_laws import check_prior, prior_outcomes
from invprior.testing.solver_laws import check_solver, solver_outcomes
from invprior.testing.stop_laws import check_stop, stop_outcomes

__all__ = [
    "Law",
    "LawError",
    "Outcome",
    "check",
    "check_functional",
    "check_linear_operator",
    "check_network",
    "check_noise",
    "check_operator",
    "check_prior",
    "check_solver",
    "check_stop",
    "functional_outcomes",
    "laws_of",
    "network_outcomes",
    "noise_outcomes",
    "nonlinear_outcomes",
    "operator_outcomes",
    "outcomes",
    "prior_outcomes",
    "solver_outcomes",
    "stop_outcomes",
    "strategies",
]
