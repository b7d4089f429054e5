"""The function that solves for an image and the operator's parameters together."""

from __future__ import annotations

from collections.abc import Mapping

from invprior.arguments import check_seed, checked
from invprior.blind.alternation import Alternation
from invprior.blind.constraint import Constraint
from invprior.blind.found import BlindResult, constraints_for
from invprior.blind.joint import Joint
from invprior.errors import InvpriorError
from invprior.problem import Problem


@checked
def solve_blind(
    problem: Problem,
    constraints: Mapping[str, Constraint] | None = None,
    method: Alternation | Joint | None = None,
    *,
    seed: int = 0,
) -> BlindResult:
    """Minimise E(A_θ x; y) + R(x) over the image x and the parameters θ that the operators hold.

    θ starts from the values in the operators, which stay as they are: the problem that is returned has its own.

    Parameters
    ----------
    problem
        A problem whose operators hold parameters of PyTorch, see :func:`from_parameters`.
    constraints
        By name of a parameter, the last part of its name in PyTorch; the others are free.
    method
        By default :class:`Joint` for a generative prior such as DIP and :class:`Alternation` for the others.
    seed
        Seed of all random numbers.

    Raises
    ------
    InvpriorError
        If no operator holds a parameter, a constraint names none, or the method does not fit the prior.
    """
    check_seed(seed)
    rules = constraints_for(problem, {} if constraints is None else constraints)
    parametrised = problem.prior.parametrised
    chosen = method or (Joint() if parametrised else Alternation())
    if parametrised != isinstance(chosen, Joint):
        fitting = "Joint(), which moves its network and the parameters" if parametrised else "Alternation()"
        raise InvpriorError(f"{type(chosen).__name__} is not for {problem.prior!r}; take blind.{fitting}")
    return chosen.run(problem, rules, seed)
