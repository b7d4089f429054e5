"""The problem argmin_x E(Ax; y) + R(x) as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.data_term import DataTerm, named
from invprior.errors import InvpriorError
from invprior.fingerprint import figures
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.moving import brief, destination, moved
from invprior.noise import Noise
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.shapes import Shape, as_complex
from invprior.values import PHOTOGRAPH, Values, found, symmetric

T = TypeVar("T")
# Beyond the measured range an image may go by this share of it: where A keeps the values, and where it averages them.
ROOM, ROOM_OF_AVERAGES = 0.1, 0.25


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
        S in x = S X, if the prior's penalties act on a larger variable X (TGV); None if X is the image.
    terms
        The data terms first, then the penalties; all are functions of the variable X.
    """

    data_terms: tuple[DataTerm, ...]
    prior: Prior
    lift: LinearOperator | None = field(repr=False)
    terms: tuple[Term, ...] = field(repr=False)
    _values: Values | None = field(repr=False)
    _made: dict[Any, Any] = field(repr=False)

    def __init__(self, operator: Operator, y: Tensor, *, noise: Noise, prior: Prior) -> None:
        self._set((DataTerm(operator, y, noise),), prior, None)

    @classmethod
    def from_terms(
        cls, data_terms: Iterable[DataTerm], prior: Prior, values: tuple[float, float] | None = None
    ) -> Problem:
        """A problem with several measurements of one image, each with its operator and noise.

        Parameters
        ----------
        values
            :attr:`values`, where it is known: of a part of a larger image, that of the whole.
        """
        problem = object.__new__(cls)
        problem._set(tuple(data_terms), prior, None if values is None else Values(*values))
        return problem

    def _set(self, data_terms: tuple[DataTerm, ...], prior: Prior, values: Values | None) -> None:
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
            if (other.y.real.dtype, other.y.device) != (first.y.real.dtype, first.y.device):
                raise InvpriorError(
                    f"all measurements must share dtype and device, got {first.y.dtype} on {first.y.device} "
                    f"and {other.y.dtype} on {other.y.device}; convert one with .to()"
                )
        if not isinstance(prior, Prior):
            raise InvpriorError(
                f"prior must be a Prior, got {named(prior)}; take priors.NoPrior() for none, and for a term of your "
                "own a subclass of Prior whose terms(shape) returns it"
            )
        object.__setattr__(self, "data_terms", data_terms)
        object.__setattr__(self, "prior", prior)
        object.__setattr__(self, "_values", values)
        lift = prior.lift(first.operator.in_shape)
        object.__setattr__(self, "lift", lift)
        data = (d.term if lift is None else d.term @ lift for d in data_terms)
        penalties = prior.terms(first.operator.in_shape)
        if not isinstance(penalties, tuple | list) or not all(isinstance(t, Term) for t in penalties):
            raise InvpriorError(f"{prior!r}.terms returns a tuple of terms, as (term,), got {shown(penalties)}")
        terms = (*data, *penalties)
        object.__setattr__(self, "terms", terms)
        for t in terms if self.dtype.is_complex else ():
            if t.functional.ordered:
                raise InvpriorError(f"{t!r} compares values with bounds, which complex images have none of; drop it")
        object.__setattr__(self, "_made", {})

    def once(self, make: Callable[..., T], *settings: Any) -> T:
        """``make(self, *settings)``, computed at the first call and kept with the problem: norms, tiles, bands.

        ``make`` must depend on the problem and the settings alone, so that the cache changes the time and no result.
        """
        key = (make, settings)
        if key not in self._made:
            self._made[key] = make(self, *settings)
        return cast(T, self._made[key])

    @cached_property
    def mark(self) -> str:
        """A fingerprint of the problem, equal for one that is built again from the same values.

        It holds :func:`figures` of all terms at a fixed random point.
        """
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.variable_shape, generator=rng, dtype=self.dtype).to(self.device)
        with torch.no_grad():
            told = [number for t in self.terms for number in figures(t.functional, t.operator(x))]
        return repr((type(self.prior).__name__, self.variable_shape, str(self.dtype), told))

    def to(self, *where: torch.device | str | torch.dtype) -> Problem:
        """The same problem on another device or in another precision: ``problem.to("cuda")``, ``to(torch.float64)``.

        Operators, measurements, noise and prior are copied, and so stay as they are. What functions close over is not
        moved.
        """
        device, dtype = destination(where)
        data = tuple(moved(d, device, dtype) for d in self.data_terms)
        return Problem.from_terms(data, moved(self.prior, device, dtype), self._values)

    def __repr__(self) -> str:
        data = ", ".join(repr(d)[len(type(d).__name__) + 1 : -1] for d in self.data_terms)
        return f"Problem({data}, prior={brief(self.prior)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}}

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
        """The dtype of the image: real or complex as A takes it, or of the kind of y where A takes both."""
        first = self.data_terms[0]
        takes = first.operator.in_complex
        return first.y.dtype if takes is None else as_complex(first.y.dtype, takes)

    @property
    def device(self) -> torch.device:
        return self.data_terms[0].y.device

    @property
    def size(self) -> int:
        """The number of measured values."""
        return sum(d.y.numel() for d in self.data_terms)

    def discrepancy(self, x: Tensor) -> float:
        """Σ‖y − E(y | Ax)‖² / Σ E‖n‖² over the observed values: 1 on average for the true image.

        Below 1 the image fits the noise; above 1 it misses part of what was measured.
        """
        with torch.no_grad():
            misfit = sum(float(d.residual(x).abs().square().sum(dtype=torch.float64)) for d in self.data_terms)
        expected = sum(d.expected_misfit for d in self.data_terms)
        return misfit / expected if expected > 0 else 0.0

    @property
    def values(self) -> Values:
        """The range of the image's values, which the output of a network in [0, 1] is stretched to.

        [0, 1] for an image that fills a good part of it. Else the range of the measured values, where A gives a
        constant image as a constant, or that of the back-projection.
        """
        return self.once(_values) if self._values is None else self._values

    def objective(self, x: Tensor) -> Tensor:
        """E(Ax; y) + R(x), a scalar tensor; for a parametrised prior R is its penalties only.

        ``x`` is the variable: the image, or for a lifted prior the image with its auxiliary fields. Terms without a
        value, those of a plug-and-play denoiser, are left out.
        """
        total = self.terms[0](x)
        for term in self.terms[1 : len(self.data_terms)]:
            total = total + term(x)
        return self.penalised(total, x)

    def penalised(self, misfit: Tensor, x: Tensor) -> Tensor:
        """``misfit`` + R(x); the terms of R without a value are left out."""
        for term in self.terms[len(self.data_terms) :]:
            if term.functional.valued:
                misfit = misfit + term(x)
        return misfit

    def gradient(self, x: Tensor) -> Tensor:
        """The gradient of :meth:`objective` at the variable ``x``, by autograd; it hangs on no graph."""
        with torch.enable_grad():
            at = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.objective(at), at)
        return gradient

    def start(self) -> Tensor:
        """Where solvers start: the variable of :meth:`back_projection`."""
        return self.variable(self.back_projection())

    def back_projection(self, kept: Sequence[Tensor] | None = None) -> Tensor:
        """The image m + c·Aᴴ(y − m A1): the constant m that fits the data best, then c of what it leaves.

        With y + k A1 in place of y it becomes m + k, so that no pedestal of the data is left to climb. Of a single A
        that knows its pseudo-inverse it is A⁺y, see :meth:`~invprior.LinearOperator.pseudo_inverse`. If an A is not
        linear, it is the mean of what the operators start from (:meth:`~invprior.Operator.start`), or mid-gray if none
        knows anything.

        Parameters
        ----------
        kept
            Of each measurement the values that count for Aᴴ, boolean; all by default. m follows from all of them, and
            is the image if an A is not linear.
        """
        flat = self.flat() if kept is None else self.once(Problem.flat)
        linear = [(d.operator, d) for d in self.data_terms if isinstance(d.operator, LinearOperator)]
        if len(linear) < len(self.data_terms):
            start = self.once(_start) if kept is None else None
            return flat if start is None else start
        if kept is None and len(linear) == 1:
            A, d = linear[0]
            inverted = A.pseudo_inverse(_observed(d, d.noise.signal(d.y)))
            if inverted is not None:
                return inverted
        x = flat
        masks = [d.observed for d in self.data_terms] if kept is None else kept
        with torch.no_grad():
            for (A, d), mask in zip(linear, masks, strict=True):
                rest = torch.where(mask, d.residual(flat), 0)
                back = A.H(rest)
                x = x + _fit([rest], [torch.where(d.observed & mask, A(back), 0)]) * back / len(linear)
        return x

    def flat(self) -> Tensor:
        """The constant image m that fits the data best; if A is not linear, the mean of its start, or mid-gray."""
        one = torch.ones(self.full_shape, dtype=self.dtype, device=self.device)
        if not all(isinstance(d.operator, LinearOperator) for d in self.data_terms):
            start = self.once(_start)
            return 0.5 * one if start is None else start.mean() * one
        with torch.no_grad():
            measured = [_observed(d, d.noise.signal(d.y)) for d in self.data_terms]
            return _fit(measured, [_observed(d, d.operator(one)) for d in self.data_terms]) * one


def _observed(d: DataTerm, values: Tensor) -> Tensor:
    """The values, 0 where nothing was observed."""
    return values if bool(d.observed.all()) else torch.where(d.observed, values, 0)


def _values(problem: Problem) -> Values:
    if problem.dtype.is_complex:
        image = torch.view_as_real(problem.back_projection()).movedim(-1, 0)
        return symmetric(image, ROOM_OF_AVERAGES)
    parts = []
    for d in problem.data_terms:
        if d.gain is None:
            continue
        keeps = isinstance(d.operator, LinearOperator) and d.operator.diagonal() is not None
        values = d.noise.signal(d.y) / d.gain
        parts.append(found(values, d.observed, d.sigma / abs(d.gain), ROOM if keeps else ROOM_OF_AVERAGES))
    linear = all(isinstance(d.operator, LinearOperator) for d in problem.data_terms)
    if not parts and (linear or problem.once(_start) is not None):
        image = problem.back_projection()
        parts = [found(image, torch.ones_like(image, dtype=torch.bool), 0.0, 1.0)]
    return Values(min(v.low for v in parts), max(v.high for v in parts)) if parts else PHOTOGRAPH


def _start(problem: Problem) -> Tensor | None:
    """The mean of the images that the operators start from, if one that is not linear knows one."""
    data = problem.data_terms
    starts = [x for d in data if not isinstance(d.operator, LinearOperator) and (x := d.start()) is not None]
    return torch.stack(starts).mean(0) if starts else None


def _fit(targets: list[Tensor], images: list[Tensor]) -> Tensor:
    """The real c that minimises Σ‖y − c u‖²; 0 where all u are."""
    energy = torch.stack([torch.linalg.vector_norm(u).square() for u in images]).sum()  # without a copy of u
    product = torch.stack([(y.conj() * u).real.sum() for y, u in zip(targets, images, strict=True)]).sum()
    return torch.where(energy > 0, product / energy, 0)
