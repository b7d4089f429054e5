"""The weight that predicts measurements best which were not fitted, for operators that are not linear."""

from __future__ import annotations

import math
from dataclasses import replace

from invprior.problem import Problem
from invprior.stop.held_out import PartlyFitted, hold_out
from invprior.weight.choice import Choice
from invprior.weight.path import Path
from invprior.weight.search import Descent
from invprior.weight.typical import typical

# The share of the measured values that is not fitted, and how many are to be watched: a small picture is solved several
# times side by side, with other values held out of each copy.
SHARE, WATCHED, COPIES = 0.05, 2000, 8
# The relative duality gap of the solves, where they have one.
GAP = 1e-3


def held_out(problem: Problem, seed: int, iterations: int | None) -> Choice:
    """The c with the least squared error on a random twentieth of the measured values, which is not fitted.

    The errors of several data terms are added in units of their noise variances.
    """
    copies = min(max(math.ceil(WATCHED / (SHARE * problem.size)), 1), COPIES)
    data = (replace(d, y=d.y.expand(copies, *d.y.shape)) for d in problem.data_terms)
    watched = hold_out(Problem.from_terms(data, problem.prior), SHARE, seed)
    image = Path(watched.data_terms, problem.prior, GAP, iterations)

    def error(weight: float) -> float:
        x = image(weight)
        parts = [d for d in watched.data_terms if isinstance(d, PartlyFitted)]
        counts = [int((~d.fitted).sum()) for d in parts]
        units = [max(d.sigma, 1e-12) ** 2 for d in parts]
        return sum(n * d.watched_error(x) / u for d, n, u in zip(parts, counts, units, strict=True)) / sum(counts)

    search = Descent(error, typical(problem))
    weight = search.least()
    rule = f"least error on {SHARE:.0%} of the measured values, which were held out"
    return Choice(weight, rule, tuple(sorted(search.tried.items())))
