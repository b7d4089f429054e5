"""The largest singular value of a linear map that is given by its products with vectors alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from scipy.linalg import eigh_tridiagonal
from torch import Tensor

Map = Callable[[Tensor], Tensor]


def largest_singular_value(forward: Map, adjoint: Map, x: Tensor, tol: float = 1e-6, most: int = 100) -> float:
    """An upper bound of the largest singular value: √(θ + β_k |s_k|), once θ has reached the top, see :func:`ritz`."""
    theta, residual = ritz(forward, adjoint, x, tol, most)
    return math.sqrt(theta + residual) if theta + residual > 0 else math.nan if math.isnan(theta) else 0.0


def ritz(forward: Map, adjoint: Map, x: Tensor, tol: float, most: int) -> tuple[float, float]:
    """The largest Ritz value θ of k steps of the Lanczos process on AᴴA, and its residual β_k |s_k|.

    θ is at most ‖A‖² and errs by at most its residual (Paige 1980). Only three images are held: the loss of
    orthogonality duplicates converged Ritz values and shifts none.
    """
    length = torch.linalg.vector_norm(x)
    v, previous, beta = x / length, torch.zeros_like(x), 0.0
    diagonal: list[float] = []
    below: list[float] = []
    theta, residual = 0.0, 0.0
    for _ in range(most):
        w = adjoint(forward(v)) - beta * previous  # three-term recurrence
        alpha = float(torch.linalg.vecdot(v.reshape(-1), w.reshape(-1)).real)
        w = w - alpha * v
        beta = float(torch.linalg.vector_norm(w))
        diagonal.append(alpha)
        if not math.isfinite(alpha + beta):
            return math.nan, math.nan
        values, vectors = eigh_tridiagonal(diagonal, below, select="i", select_range=(len(below), len(below)))
        theta, residual = float(values[-1]), beta * abs(float(vectors[-1, -1]))
        if residual <= tol * abs(theta) or beta <= 1e-14 * abs(theta):
            break
        below.append(beta)
        previous, v = v, w / beta
    return theta, residual
