"""A network's weights and the operator's parameters by one descent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from invprior.blind.constraint import Constraint
from invprior.blind.found import BlindResult, copied, parameters_of
from invprior.blind.misfit import applied
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.prior import Generator, Prior, WrappedPrior
from invprior.problem import Problem
from invprior.shapes import Shape
from invprior.solvers.generators import fitted_to
from invprior.solvers.loop import solve


@dataclass(frozen=True)
class Joint:
    """Fit the network of a generative prior and the operator's parameters by the same descent, step by step together.

    The solver sees one variable: the values of the image, then the parameters. Its stop rule and its average count for
    both. The parameters are free numbers under their constraint, see :meth:`~invprior.blind.Constraint.value`.

    Parameters
    ----------
    rate
        The learning rate of the parameters over that of the network. A point spread function takes a low one, 0.03,
        and a good start, :func:`~invprior.blind.estimate_psf`: while the network's image is smooth, no blur fits best.

    References
    ----------
    - Ren, Zhang, Wang, Hu & Zuo, "Neural blind deconvolution using deep priors", CVPR 2020.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise InvpriorError(f"the rate of a Joint is positive, got {self.rate}")

    def run(self, problem: Problem, constraints: Mapping[str, Constraint], seed: int) -> BlindResult:
        problem = copied(problem)
        held = parameters_of(problem)
        if problem.lift is not None:
            raise InvpriorError(f"{problem.prior!r} solves for fields beside the image; leave that penalty out")
        places = _places(problem, held)
        n = math.prod(problem.shape) + sum(p.numel() for p in held.values())
        data = [replace(d, operator=Both(d.operator, places, n)) for d in problem.data_terms]
        prior = Together(problem.prior, problem, held, dict(constraints), self.rate)
        result = solve(Problem.from_terms(data, prior), seed=seed)
        size = math.prod(problem.shape)
        image = result.x[:size].reshape(problem.shape)
        with torch.no_grad():
            for p in held.values():
                p.copy_(_part(result.x, places[p], p))
        found = Problem.from_terms(problem.data_terms, problem.prior)
        values = {name: p.detach().clone() for name, p in held.items()}
        return BlindResult(image, values, found, replace(result, x=image))


def _places(problem: Problem, held: Mapping[str, nn.Parameter]) -> dict[nn.Parameter, slice]:
    """Where each parameter stands behind the image."""
    at, places = math.prod(problem.shape), {}
    for p in held.values():
        places[p] = slice(at, at + p.numel())
        at += p.numel()
    return places


def _part(variable: Tensor, place: slice, like: Tensor) -> Tensor:
    return variable[..., place].real.reshape(like.shape)


class Both(Operator):
    """(x, θ) ↦ A_θ x."""

    def __init__(self, inner: Operator, places: Mapping[nn.Parameter, slice], n: int) -> None:
        super().__init__((n,), inner.out_shape)
        self.in_complex, self.out_complex = inner.in_complex, inner.out_complex
        self.inner, self.places = inner, dict(places)

    def forward(self, variable: Tensor) -> Tensor:
        x = variable[: math.prod(self.inner.in_shape)].reshape(self.inner.in_shape)
        return applied(self.inner, x, {p: _part(variable, place, p) for p, place in self.places.items()})


class Image(LinearOperator):
    """(x, θ) ↦ x."""

    def __init__(self, shape: Shape, n: int) -> None:
        super().__init__((n,), shape)

    def forward(self, variable: Tensor) -> Tensor:
        return variable[..., : math.prod(self.out_shape)].reshape(*variable.shape[:-1], *self.out_shape)


@dataclass(frozen=True, eq=False)
class Together(WrappedPrior):
    """The inner prior of an image that the parameters stand behind."""

    inner: Prior
    problem: Problem
    held: dict[str, nn.Parameter]
    constraints: dict[str, Constraint]
    rate: float

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        image = Image(self.problem.shape, shape[-1])
        return tuple(term @ image for term in self.inner.terms(self.problem.shape))

    def generator(self, shape: Shape, rng: torch.Generator) -> Generator | None:
        inner = fitted_to(self.problem, rng)
        return None if inner is None else WithParameters(inner, self.held, self.constraints, self.rate)


class WithParameters(Generator):
    """(f_w, θ) as one vector: the image of the inner generator, then the values of the parameters."""

    def __init__(
        self,
        inner: Generator,
        held: Mapping[str, nn.Parameter],
        constraints: Mapping[str, Constraint],
        rate: float,
    ) -> None:
        super().__init__()
        self.inner, self.constraints, self.rate = inner, dict(constraints), rate
        self.frozen = frozenset(f"inner.{name}" for name in inner.constants)
        self.constants = self.frozen
        free = {name: nn.Parameter(self.constraints[name].free(p.detach()) / rate) for name, p in held.items()}
        self.free = nn.ParameterList(list(free.values()))
        self.order = tuple(free)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        x: Tensor = self.inner(rng).flatten()
        values = (self.constraints[n].value(self.rate * p) for n, p in zip(self.order, self.free, strict=True))
        return torch.cat([x, *(v.flatten().to(x.dtype) for v in values)])
