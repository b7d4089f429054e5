"""Both questions to the data need linear operators."""

from __future__ import annotations

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem


def check_linear(problem: Problem, purpose: str) -> None:
    """Raise if an operator of the problem is not linear."""
    for d in problem.data_terms:
        if not isinstance(d.operator, LinearOperator):
            raise InvpriorError(
                f"{purpose} takes linear operators, and {d.operator!r} is not; take its derivative at the image, as a "
                "linear operator of its own"
            )
