"""The weight whose residual equals the noise level."""

from __future__ import annotations

import math

from invprior.arguments import checked
from invprior.problem import Problem
from invprior.weight.choice import Choice, check_limit, without_search
from invprior.weight.excerpt import excerpt
from invprior.weight.path import Path
from invprior.weight.typical import typical

# Tolerance of |log(residual/level)|: the energy of the noise in a picture of 512×512 varies as much by chance.
CLOSE = 2e-3
# The relative duality gap of the solves: the residual is that of the minimiser only close to it.
GAP = 1e-3


@checked
def discrepancy(problem: Problem, *, iterations: int | None = None) -> Choice:
    """Choose c for the prior c·R: ‖A x_c − y‖² = E‖n‖² (Morozov 1966), summed over
    the observed values of all data terms.

    The residual grows with c. The weight is bracketed in factors of 3 from the typical one, then found by regula falsi
    in log c and the log of the residual (the Illinois variant: Dowell & Jarratt 1971), each solve started from the
    last. If the residual stays on one side of E‖n‖² for all weights tried, the last weight is returned, and the rule
    says so. For a large picture the search uses 4×4 of its tiles, since one weight holds for the whole. For noise below
    two 8-bit steps the typical weight is taken.

    An estimate fits part of the noise with its degrees of freedom, so the best one leaves a residual below the noise
    level: this rule smooths more than :func:`auto`, and is about a decibel worse for photographs. It needs the noise
    level only.

    Parameters
    ----------
    problem
        The problem, with the prior R at weight 1.
    iterations
        A limit of iterations of each of the search's solves; None for 500.

    Raises
    ------
    InvpriorError
        If the prior is more than a penalty, or the noise has heavy tails.

    References
    ----------
    - Morozov, "On the solution of functional equations by the method of regularization", Soviet Math. Dokl. 7 (1966).
    - Dowell & Jarratt, "A modified regula falsi method for computing the root of an equation", BIT 11 (1971).
    """
    check_limit(iterations)
    known = without_search(problem)
    if known is not None:
        return known
    excess = _Excess(excerpt(problem), iterations)
    weight = _root(excess)
    above = excess(weight) > 0
    rule = "discrepancy principle"
    if not excess.crossed:
        end, side = ("least", "above") if above else ("largest", "below")
        rule = f"{rule}: the {end} weight tried, since the residual stays {side} the noise level"
    return Choice(weight, rule, tuple(sorted(excess.tried.items())))


class _Excess:
    """log(‖A x_c − y‖² / E‖n‖²) as a function of the weight; stores the ratios."""

    def __init__(self, problem: Problem, iterations: int | None) -> None:
        self.problem = problem
        self.image = Path(problem.data_terms, problem.prior, GAP, iterations)
        self.tried: dict[float, float] = {}

    def __call__(self, weight: float) -> float:
        if weight not in self.tried:
            self.tried[weight] = self.problem.discrepancy(self.image(weight))
        return math.log(max(self.tried[weight], 1e-30))

    @property
    def crossed(self) -> bool:
        return min(self.tried.values()) <= 1 <= max(self.tried.values())


def _root(excess: _Excess, factor: float = 3.0, most: int = 8) -> float:
    """The weight of zero excess, or the last weight tried if the excess keeps its sign."""
    weight = typical(excess.problem)
    if abs(value := excess(weight)) <= CLOSE:
        return weight
    if value > 0:  # the residual is too large: smaller weights
        factor = 1 / factor
    for _ in range(most):
        previous, weight = weight, weight * factor
        if excess(weight) * value <= 0:
            return _false_position(excess, previous, weight)
    return weight


def _false_position(excess: _Excess, near: float, far: float, most: int = 12) -> float:
    """Regula falsi between two weights whose excesses differ in sign."""
    a, b = math.log(near), math.log(far)
    fa, fb = excess(near), excess(far)
    weight = far
    for _ in range(most):
        if abs(excess(weight)) <= CLOSE or abs(b - a) <= CLOSE:
            break
        middle = b - fb * (b - a) / (fb - fa)
        weight = math.exp(middle)
        value = excess(weight)
        # Illinois: the value at an end that stays is halved, so that both ends close in on the root
        a, fa = (b, fb) if value * fb < 0 else (a, fa / 2)
        b, fb = middle, value
    return weight
