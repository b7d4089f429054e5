"""What of an image the measurements determine, and what the prior added: range and null space of A."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.explain.linear import check_linear
from invprior.noise import Gaussian
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.shapes import check_tensor
from invprior.solvers.conjugate_gradient import ConjugateGradient
from invprior.solvers.loop import solve
from invprior.stop import MaxIterations, Stationary, Status

# The least variance that counts, as a share of the mean one: photon noise has none where nothing was counted.
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Parts:
    """The two parts of an image, x = determined + added.

    Attributes
    ----------
    determined
        m + P(x − m), of the shape of x.
    added
        (I − P)(x − m), what the prior added.
    mean
        m, the mean of each channel, broadcastable to x.
    share
        ⟨x − m, P(x − m)⟩ / ‖x − m‖², from 0 to 1: the share of energy that the measurements determine. 1 − share is
        that of the prior. Where P is a projector this is ‖P(x − m)‖² / ‖x − m‖². 1 for a constant image.
    scale
        τ.
    status
        How the solve with P ended: ``status.name`` is ``converged``, or ``max_iterations``.
    """

    determined: Tensor = field(repr=False)
    added: Tensor = field(repr=False)
    mean: Tensor = field(repr=False)
    share: float
    scale: float
    status: Status


@checked
def determined(problem: Problem, x: Tensor, scale: float | None = None) -> Parts:
    """Split an image into what the measurements determine and what the prior added, by one solve of a linear system.

        x = m + P(x − m) + (I − P)(x − m),    P = (AᴴWA + I/τ²)⁻¹ AᴴWA,    W = diag(1/σ²)

    m is the mean of each channel, which would outweigh all else. A direction with the singular value s counts with
    the share s²τ²/(s²τ² + σ²): wholly where A carries an image of the scale τ far above the noise, not at all in the
    null space of A, by half where both are equal. For τ = ∞, P is the projector A⁺A onto the range of Aᴴ. The prior of
    the problem plays no part.

    Parameters
    ----------
    problem
        The problem that x solves. Its operators must be linear. Several measurements add up in AᴴWA; correlated noise
        counts by its variance alone.
    x
        The image, of ``problem.full_shape``.
    scale
        τ; by default the root mean square of x − m. ``math.inf`` leaves the noise out.

    Raises
    ------
    InvpriorError
        If an operator is not linear, x does not fit the problem, or the scale is not positive.

    References
    ----------
    - Wiener, "Extrapolation, interpolation, and smoothing of stationary time series" (1949): P is this filter for an
      image of independent values of variance τ².
    - Paige & Saunders, "LSQR: an algorithm for sparse linear equations and sparse least squares", ACM Trans. Math.
      Softw. 8 (1982).
    """
    check_linear(problem, "the split of an image")
    check_tensor("the image", x, problem.shape, problem.data_terms[0].y)
    if tuple(x.shape) != problem.full_shape:
        raise InvpriorError(f"the image is {tuple(x.shape)} and that of the problem {problem.full_shape}")
    if scale is not None and not scale > 0:
        raise InvpriorError(f"the scale of an image is positive, got {scale}")
    with torch.no_grad():
        m = x.mean((-2, -1), keepdim=True) if len(problem.shape) > 1 else x.mean(-1, keepdim=True)
        rest = x.detach() - m
        energy = float(_dot(rest, rest))
        tau = math.sqrt(energy / rest.numel()) if scale is None else scale
        if energy == 0:
            return Parts(x.detach(), rest, m, 1.0, tau, Status("converged", "the image is constant"))
        data = [DataTerm(d.operator, d.operator(rest), _noise(d)) for d in problem.data_terms]
    system = Problem.from_terms(data, Prior(), (0.0, 1.0))
    # directions barely above the noise come last, and rounding is the end of it
    stop = Stationary(max(1e-7, 32 * torch.finfo(rest.dtype).eps)) | MaxIterations(1000)
    start = torch.zeros_like(rest)
    result = solve(system, ConjugateGradient(damp=1 / tau), stop=stop, x0=start)
    share = float(_dot(rest, result.x)) / energy
    return Parts(m + result.x, rest - result.x, m, min(max(share, 0.0), 1.0), tau, result.status)


def _noise(d: DataTerm) -> Gaussian:
    """Gaussian noise of the same variance for each value."""
    parts = 2 if d.y.is_complex() else 1
    variance = d.variance / parts
    seen = variance[d.observed]
    least = LEAST_VARIANCE * float(seen.mean()) if seen.numel() else 1.0
    return Gaussian(torch.where(d.observed, variance, 1.0).clamp(min=least).sqrt())


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a.conj() * b).real.sum(dtype=torch.float64)
