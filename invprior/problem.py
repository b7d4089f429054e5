"""The problem argmin_x E(Ax; y) + R(x) as a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.noise import Noise
from invprior.operator import LinearOperator, Operator, Shape, check_tensor
from invprior.prior import Prior
from invprior.window import Window


@dataclass(frozen=True, eq=False)
class DataTerm:
    """One measurement: y = noise(A x), contributing −log p(y | Ax).

    Raises
    ------
    InvpriorError
        If ``y`` is not of the operator's ``out_shape`` (leading batch axes allowed) or holds NaN or infinity.
    """

    operator: Operator
    y: Tensor
    noise: Noise

    def __post_init__(self) -> None:
        check_tensor(f"a measurement of {self.operator!r}", self.y, self.operator.out_shape)
        if not bool(self.y.isfinite().all()):
            raise InvpriorError("the measurement holds NaN or infinite values; mask them out or replace them first")

    def on_window(self, window: Window) -> DataTerm | None:
        """What was measured of the pixels of a window alone; None where the operator knows of no such part."""
        found = self.operator.on_window(window) if isinstance(self.operator, LinearOperator) else None
        if found is None:
            return None
        operator, measured = found
        return DataTerm(operator, measured.of(self.y), self.noise.on_window(measured, self.operator.out_shape))

    @cached_property
    def term(self) -> Term:
        return Term(self.noise.nll(self.y), self.operator)

    @property
    def batch(self) -> Shape:
        return tuple(self.y.shape[: self.y.ndim - len(self.operator.out_shape)])


@dataclass(frozen=True, eq=False, init=False)
class Problem:
    """x* = argmin_x E(Ax; y) + R(x).

    Parameters
    ----------
    operator
        A, from the image to the measurement.
    y
        The measurement, of shape ``(..., *operator.out_shape)``.
    noise
        The noise model; E is its negative log-likelihood.
    prior
        R.

    Attributes
    ----------
    lift
        S in x = S X, where the prior writes its penalties on a larger variable X (TGV); None where X is the image.
    terms
        The data terms first, then the penalties; functions of the variable X.
    """

    data_terms: tuple[DataTerm, ...]
    prior: Prior
    lift: LinearOperator | None = field(repr=False)
    terms: tuple[Term, ...] = field(repr=False)

    def __init__(self, operator: Operator, y: Tensor, *, noise: Noise, prior: Prior) -> None:
        self._set((DataTerm(operator, y, noise),), prior)

    @classmethod
    def from_terms(cls, data_terms: Iterable[DataTerm], prior: Prior) -> Problem:
        """A problem with several measurements of one image, each with its operator and noise."""
        problem = object.__new__(cls)
        problem._set(tuple(data_terms), prior)
        return problem

    def _set(self, data_terms: tuple[DataTerm, ...], prior: Prior) -> None:
        if not data_terms:
            raise InvpriorError("a problem needs at least one data term")
        first = data_terms[0]
        for other in data_terms[1:]:
            if other.operator.in_shape != first.operator.in_shape or other.batch != first.batch:
                raise InvpriorError(
                    f"all data terms must measure one image: {first.operator!r} takes "
                    f"{first.batch + first.operator.in_shape}, {other.operator!r} takes "
                    f"{other.batch + other.operator.in_shape}"
                )
            if (other.y.dtype, other.y.device) != (first.y.dtype, first.y.device):
                raise InvpriorError(
                    f"all measurements must share dtype and device, got {first.y.dtype} on {first.y.device} "
                    f"and {other.y.dtype} on {other.y.device}; convert one with .to()"
                )
        if not isinstance(prior, Prior):
            raise InvpriorError(f"prior must be a Prior, got {type(prior).__name__}; take priors.NoPrior() for none")
        object.__setattr__(self, "data_terms", data_terms)
        object.__setattr__(self, "prior", prior)
        lift = prior.lift(first.operator.in_shape)
        object.__setattr__(self, "lift", lift)
        data = (d.term if lift is None else d.term @ lift for d in data_terms)
        object.__setattr__(self, "terms", (*data, *prior.terms(first.operator.in_shape)))

    @property
    def shape(self) -> Shape:
        """The event shape of the image."""
        return self.data_terms[0].operator.in_shape

    @property
    def full_shape(self) -> Shape:
        """Batch axes and event shape of the image."""
        return self.data_terms[0].batch + self.shape

    @property
    def variable_shape(self) -> Shape:
        """Batch axes and event shape of the variable that the solvers work on: the image, or its lift."""
        return self.full_shape if self.lift is None else self.data_terms[0].batch + self.lift.in_shape

    def image(self, variable: Tensor) -> Tensor:
        """x = S X."""
        return variable if self.lift is None else self.lift.forward(variable)

    def variable(self, image: Tensor) -> Tensor:
        """The variable Sᴴx of an image, with its auxiliary fields zero."""
        return image if self.lift is None else self.lift.adjoint(image)

    @property
    def dtype(self) -> torch.dtype:
        return self.data_terms[0].y.dtype

    @property
    def device(self) -> torch.device:
        return self.data_terms[0].y.device

    @property
    def size(self) -> int:
        """The number of measured values."""
        return sum(d.y.numel() for d in self.data_terms)

    def objective(self, x: Tensor) -> Tensor:
        """E(Ax; y) + R(x), a scalar tensor; of a parametrised prior only its penalties.

        ``x`` is the variable: the image, and for a lifted prior the image with its auxiliary fields. Terms without a
        value, those of a plug-and-play denoiser, are left out.
        """
        total = self.terms[0](x)
        for term in self.terms[1:]:
            if term.functional.valued:
                total = total + term(x)
        return total

    def start(self) -> Tensor:
        """Where solvers start: the variable of :meth:`back_projection`."""
        return self.variable(self.back_projection())

    def back_projection(self) -> Tensor:
        """The image c·Aᴴy with the c that fits the data best, or mid-gray where A is not linear."""
        x = torch.zeros(self.full_shape, dtype=self.dtype, device=self.device)
        with torch.no_grad():
            for d in self.data_terms:
                if not isinstance(d.operator, LinearOperator):
                    return torch.full_like(x, 0.5)
                back = d.operator.H(d.y)
                image = d.operator(back)
                energy = image.abs().square().sum()
                best = torch.where(energy > 0, (d.y.conj() * image).real.sum() / energy, 0)
                x = x + best * back / len(self.data_terms)
        return x
