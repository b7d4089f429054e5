"""The best convex combination of a few vectors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

# Of vectors: all their subsets are tried.
MOST = 8
# Relative to the mean of the diagonal, so that equal vectors have weights too.
RIDGE = 1e-9


def least_combination(gram: NDArray[np.float64], slope: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The w ≥ 0 with Σw = 1 that minimises wᵀGw + bᵀw, for G of up to 8 rows and b = ``slope``, 0 if not given.

    G is positive semidefinite. On the face of every subset S of the vectors the least has 2 G_S w + b_S = λ1; the
    solution is the least of those that are not negative. Each single vector is one: no combination is above the best
    of them.
    """
    n = len(gram)
    b = np.zeros(n) if slope is None else slope
    unit = max(float(np.trace(gram)) / n, float(np.abs(b - b.mean()).max()), 1e-300)
    best, least = np.zeros(n), np.inf
    for chosen in subsets(n):
        part = gram[np.ix_(chosen, chosen)] / unit
        ridge = RIDGE * max(float(np.trace(part)) / len(chosen), RIDGE)
        bordered = np.ones((len(chosen) + 1, len(chosen) + 1))
        bordered[:-1, :-1] = 2 * (part + ridge * np.eye(len(chosen)))
        bordered[-1, -1] = 0
        u = np.linalg.solve(bordered, np.append((b.mean() - b[chosen]) / unit, 1.0))[:-1]
        if not np.all(u >= 0) or not u.sum() > 0:
            continue
        w = np.zeros(n)
        w[chosen] = u / u.sum()
        value = float(w @ gram @ w + b @ w)
        if value < least:
            best, least = w, value
    return best


def subsets(n: int) -> Iterator[list[int]]:
    """Every subset of 0 … n − 1 that is not empty, the small ones first."""
    return map(list, chain.from_iterable(combinations(range(n), k) for k in range(1, n + 1)))
