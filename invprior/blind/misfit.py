"""The misfit as a function of the parameters, the image being held."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from invprior.operator import Operator
from invprior.problem import Problem


def applied(operator: Operator, x: Tensor, of: Mapping[nn.Parameter, Tensor]) -> Tensor:
    """A_θ x, θ given in place of the parameters that the operator holds; gradients go to both."""
    given = {n: of[p] for n, p in operator.named_parameters(remove_duplicate=False) if p in of}
    out: Tensor = torch.func.functional_call(operator, given, (x,))
    return out


def misfit(problem: Problem, x: Tensor, of: Mapping[nn.Parameter, Tensor]) -> Tensor:
    """E(A_θ x; y), summed over the measurements."""
    return torch.stack([d.term.functional(applied(d.operator, x, of)) for d in problem.data_terms]).sum()
