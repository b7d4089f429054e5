"""The parameters of a problem's operators, and what a blind solve returns."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from torch import Tensor, nn

from invprior.blind.constraint import Constraint, Free
from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.result import Result


@dataclass(frozen=True, eq=False)
class BlindResult:
    """What a blind solve returns.

    Attributes
    ----------
    x
        The image.
    parameters
        The parameters of the operator, by name.
    problem
        The problem with these parameters in its operators, to be solved with another prior or weight.
    result
        The result of the last solve for the image.
    """

    x: Tensor
    parameters: dict[str, Tensor]
    problem: Problem
    result: Result

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}={tuple(value.shape)}" for name, value in self.parameters.items())
        return f"BlindResult(x={tuple(self.x.shape)}, {shapes}, {self.result.status.name!r})"


def parameters_of(problem: Problem) -> dict[str, nn.Parameter]:
    """The parameters that gradients move, by the last part of their names; the whole name where two would collide."""
    found: dict[str, nn.Parameter] = {}
    for k, d in enumerate(problem.data_terms):
        for name, p in d.operator.named_parameters():
            if p.requires_grad and not any(p is q for q in found.values()):
                short = name.rpartition(".")[2]
                found[short if short not in found else f"{k}.{name}"] = p
    return found


def copied(problem: Problem) -> Problem:
    """The same problem with operators of its own."""
    operators = deepcopy([d.operator for d in problem.data_terms])  # in one call: what they share stays shared
    data = [replace(d, operator=A) for d, A in zip(problem.data_terms, operators, strict=True)]
    return Problem.from_terms(data, problem.prior)


def constraints_for(problem: Problem, given: Mapping[str, Constraint]) -> dict[str, Constraint]:
    """A constraint for each parameter; those that nothing was said of are free."""
    names = list(parameters_of(problem))
    if not names:
        raise InvpriorError(
            "nothing to solve for but the image: no operator of the problem holds an nn.Parameter; make one with "
            "blind.from_parameters, or take solve"
        )
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InvpriorError(f"no operator holds a parameter {unknown[0]!r}; there is {', '.join(names)}")
    return {name: given.get(name, Free()) for name in names}
