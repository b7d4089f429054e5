"""Hold a few measured values out of the fit, and stop where the image predicts them best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from invprior.arguments import check_seed, checked
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.functional import Functional, Step, Term
from invprior.problem import Problem
from invprior.shapes import Window
from invprior.stop.base import IterateLike
from invprior.stop.least import Least


@dataclass(frozen=True, eq=False)
class Fitted(Functional):
    """f over the values where ``fitted`` is True, for a likelihood f of y that is a sum over its values.

    The other values are set to y, where each summand is least, and so add a constant.
    """

    inner: Functional
    fitted: Tensor
    y: Tensor

    @property
    def proximable(self) -> bool:
        return self.inner.proximable

    @property
    def conjugable(self) -> bool:
        return self.inner.conjugable

    @property
    def lipschitz(self) -> float | None:
        return self.inner.lipschitz

    def __call__(self, u: Tensor) -> Tensor:
        return self.inner(torch.where(self.fitted, u, self.y))

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return torch.where(self.fitted, self.inner.prox(u, step), u)

    def conj(self, u: Tensor) -> Tensor:
        value = self.inner.conj(torch.where(self.fitted, u, 0))
        return torch.where((u * ~self.fitted).any(), torch.inf, value)


@dataclass(frozen=True, eq=False)
class PartlyFitted(DataTerm):
    """A measurement that is fitted where ``fitted`` is True and watched where it is False."""

    fitted: Tensor

    @cached_property
    def observed(self) -> Tensor:
        return self._seen() & self.fitted

    @cached_property
    def term(self) -> Term:
        return Term(Fitted(self.noise.nll(self.y), self.fitted, self.y), self.operator)

    def on_window(self, window: Window) -> DataTerm | None:
        part = super().on_window(window)
        # the mask, cropped as a measurement is
        mask = DataTerm(self.operator, self.fitted.to(self.y), self.noise).on_window(window)
        if part is None or mask is None:
            return None
        return PartlyFitted(part.operator, part.y, part.noise, mask.y > 0.5)

    def watched_error(self, x: Tensor) -> float:
        """The mean squared residual of an image over the watched values."""
        return float((self.noise.signal(self.y) - self.operator(x))[~self.fitted].abs().square().mean())


@checked
def hold_out(problem: Problem, fraction: float = 0.03, seed: int = 0) -> Problem:
    """The problem without a random ``fraction`` of its measured values, for :class:`HeldOut` to watch.

    Operators, measurements and noise stay as they are; only the fit leaves the values out.

    Raises
    ------
    InvpriorError
        If the fraction is not between 0 and 1, or leaves a measurement with nothing to fit or to watch; if noise is
        correlated, so that a value tells of those around it.
    """
    if not 0 < fraction < 1:
        raise InvpriorError(f"the fraction to hold out must lie between 0 and 1, got {fraction}")
    check_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    terms = []
    for d in problem.data_terms:
        if d.noise.correlation is not None:
            raise InvpriorError("values with correlated noise cannot be held out; take noise.Gaussian, or another rule")
        n = round(fraction * d.y.numel())
        if not 0 < n < d.y.numel():
            raise InvpriorError(
                f"{fraction:.1%} of {d.y.numel()} measured values cannot be held out; take another share"
            )
        fitted = torch.ones(d.y.numel(), dtype=torch.bool)
        fitted[torch.randperm(d.y.numel(), generator=rng)[:n]] = False
        terms.append(PartlyFitted(d.operator, d.y, d.noise, fitted.reshape(d.y.shape).to(d.y.device)))
    return Problem.from_terms(terms, problem.prior, problem.values)


@dataclass(frozen=True)
class HeldOut(Least):
    """Keeps the estimate with the least squared error on the values that :func:`hold_out` left out.

    The error is that of the estimate itself, since none of these values was fitted. No noise level is needed. Checked
    every ``every`` iterations.

    Parameters
    ----------
    every
        Iterations between two checks.

    Cost
    ----
    A check computes the estimate and applies every operator of the data once.
    """

    patience: int = 100
    every: int = 5

    def check(self, problem: Problem) -> None:
        if not _watched(problem):
            raise InvpriorError(f"{self!r} has nothing to watch; solve stop.hold_out(problem)")

    def signal(self, parts: Any, iterate: IterateLike) -> tuple[Any, float | None]:
        if iterate.iteration % self.every:
            return None, None
        terms = _watched(iterate.problem)
        counts = [int((~d.fitted).sum()) for d in terms]
        total = sum(n * d.watched_error(iterate.x) for n, d in zip(counts, terms, strict=True))
        return None, total / sum(counts)


def _watched(problem: Problem) -> list[PartlyFitted]:
    return [d for d in problem.data_terms if isinstance(d, PartlyFitted)]
