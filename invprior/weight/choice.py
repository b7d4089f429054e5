"""A chosen weight, and the problems that need no search for one."""

from __future__ import annotations

from dataclasses import dataclass

from invprior.errors import InvpriorError
from invprior.noise import Laplace
from invprior.problem import Problem
from invprior.weight.typical import TYPICAL, typical, unit

# Noise below this deviation (two 8-bit steps of a photograph) does not determine the weight: every small one gives the
# same result.
LEAST_SIGMA = 2 / 255


@dataclass(frozen=True)
class Choice:
    """A weight, the rule that chose it in one sentence, and all pairs (weight, figure) that were tried.

    The figure is the criterion of the rule: the estimated risk, or the misfit over the energy of the noise.
    """

    weight: float
    rule: str
    tried: tuple[tuple[float, float], ...]


def check_limit(iterations: int | None) -> None:
    """Raise unless a limit is None or a whole number of 1 or more."""
    if iterations is not None and iterations < 1:
        raise InvpriorError(f"iterations takes a whole number of 1 or more, got {iterations!r}")


# Rounded coefficients that are 0 tell more than their variance does, so that a penalty adds less.
OF_ROUNDED = 0.125


def without_search(problem: Problem) -> Choice | None:
    """The weight if no search is needed, else None.

    Raises
    ------
    InvpriorError
        If the prior is more than a penalty, or the noise has heavy tails.
    """
    if problem.prior.parametrised:
        raise InvpriorError(f"no automatic weight for {problem.prior!r}: it needs a penalty alone; give a weight")
    data = problem.data_terms
    if any(isinstance(d.noise, Laplace) for d in data):
        raise InvpriorError("an automatic weight needs Gaussian or photon noise; give a weight")
    if not problem.prior.terms(problem.shape):
        return Choice(1.0, "the prior has no penalty", ())
    if all(d.noise.rounded for d in data):
        # a picture of little contrast has the same steps as any other
        return Choice(
            OF_ROUNDED * min(typical(problem), TYPICAL),
            "an eighth of the typical weight, since rounding is no noise",
            (),
        )
    if all(d.sigma < LEAST_SIGMA * unit(problem) for d in data):
        return Choice(typical(problem), "the typical weight, since the noise is below two 8-bit steps", ())
    return None
