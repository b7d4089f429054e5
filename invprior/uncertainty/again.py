"""A problem as it would be with another measurement, and its solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.problem import Problem
from invprior.shapes import all_finite
from invprior.solvers.loop import DIVERGED, solve
from invprior.solvers.recipe import Recipe


def measured_anew(problem: Problem, x: Tensor, rng: torch.Generator) -> Problem:
    """The same problem with x as the truth: other noise of the same kind on A x. ``rng`` lives on the CPU."""
    data = []
    with torch.no_grad():
        for d in problem.data_terms:
            u = torch.where(d.observed, d.operator(x), 0)
            y = _again(d, u, rng)
            data.append(replace(d, y=torch.where(d.observed, y, d.y)))
    return with_data(problem, data)


def with_data(problem: Problem, data: Sequence[DataTerm]) -> Problem:
    """The problem with other measurements; a network keeps its range of values."""
    return Problem.from_terms(data, problem.prior, None if problem.dtype.is_complex else problem.values)


def solved(problem: Problem, recipe: Recipe, seed: int) -> Tensor | None:
    """The image; None if the solve diverged."""
    result = solve(problem, recipe.solver, stop=recipe.stop, seed=seed)
    return None if result.status.name == DIVERGED.name or not all_finite(result.x) else result.x


def _again(d: DataTerm, u: Tensor, rng: torch.Generator) -> Tensor:
    # on the device of the data, where levels per pixel live; seeded from the CPU
    seed = int(torch.randint(2**31, (), generator=rng))
    return d.noise.again(u, d.y, torch.Generator(device=u.device).manual_seed(seed))
