"""The constant below an image that only the data know of: PDHG works above it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from invprior.functionals import Bounds
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem

# A pedestal is taken off where it is more than so many times the range of the image: its digits are then missing in
# sums of float32, and the duality gap with them.
HIGH = 2.0


def pedestal(problem: Problem, image: Tensor) -> Tensor:
    """The constant m of the image that can be taken off the problem, a scalar; 0 where there is none worth it.

    With x = m + x' the data become y − m A1, which needs additive noise and a linear A; the penalties must be those of
    differences, or bounds. ``image`` is the back-projection, whose range m is held against.
    """
    flat = problem.flat()
    m = flat.real.flatten()[0]
    zero = torch.zeros_like(m)
    if flat.is_complex() or not all(
        d.noise.additive and isinstance(d.operator, LinearOperator) for d in problem.data_terms
    ):
        return zero
    if float(m.abs()) <= HIGH * float(image.amax() - image.amin()):
        return zero
    one = problem.variable(torch.ones_like(flat))
    for t in problem.terms[len(problem.data_terms) :]:
        bounds = isinstance(t.functional, Bounds) and isinstance(t.operator, LinearOperator) and t.operator.is_selection
        if not bounds and float(t.operator(one).abs().max()) > 1e-5:
            return zero
    return m


def without(problem: Problem, m: Tensor) -> Problem:
    """The problem of x − m; its bounds are still those of x."""
    one = torch.ones(problem.full_shape, dtype=problem.dtype, device=problem.device)
    data = [replace(d, y=d.y - m * d.operator(one)) for d in problem.data_terms]
    return Problem.from_terms(data, problem.prior)
