"""The best convex combination of a few vectors."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

# Of vectors: all their subsets are tried.
MOST = 8
# Relative to the mean of the diagonal, so that equal vectors have weights too.
RIDGE = 1e-9


def least_combination(gram: NDArray[np.float64], price: float = 0.0) -> NDArray[np.float64]:
    """The w ≥ 0 with Σw = 1 that minimises wᵀGw + price·(the number of vectors used), for G of up to 8 rows.

    G is positive semidefinite. The least over the face of every subset of the vectors is w ∝ G_S⁻¹1; the solution is
    the least of those that are not negative. Each single vector is one: no combination is above the best of them.
    """
    n = len(gram)
    best, least = np.zeros(n), np.inf
    for face in chain.from_iterable(combinations(range(n), k) for k in range(1, n + 1)):
        chosen = list(face)
        part = gram[np.ix_(chosen, chosen)]
        ridge = RIDGE * max(np.trace(part) / len(chosen), 1e-300)
        u = np.linalg.solve(part + ridge * np.eye(len(chosen)), np.ones(len(chosen)))
        if not np.all(u >= 0) or not u.sum() > 0:
            continue
        w = np.zeros(n)
        w[chosen] = u / u.sum()
        value = float(w @ gram @ w) + price * len(chosen)
        if value < least:
            best, least = w, value
    return best
