"""The problem argmin_x E(Ax; y) + R(x) as a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, is_dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.moving import brief, destination, moved
from invprior.noise import Noise
from invprior.operator import Operator
from invprior.prior import Prior
from invprior.shapes import Shape, Window, as_complex, check_tensor
from invprior.values import PHOTOGRAPH, Values, found, symmetric

T = TypeVar("T")
# Beyond the measured range an image may go by this share of it: where A keeps the values, and where it averages them.
ROOM, ROOM_OF_AVERAGES = 0.1, 0.25
HELP = {"operator": "invprior.operators", "noise": "invprior.noise, as noise.Gaussian(0.1)"}


def _named(value: object) -> str:
    return shown(value) if isinstance(value, type) else f"{type(value).__name__} {shown(value):.40}"


@dataclass(frozen=True, eq=False)
class DataTerm:
    """One measurement: y = noise(A x), contributing −log p(y | Ax).

    Raises
    ------
    InvpriorError
        If ``y`` is empty, not of the operator's ``out_shape`` (leading batch axes allowed), or holds NaN or infinity
        where the operator sees pixels; values that it does not see become 0. If one of the others is of a wrong kind.
    """

    operator: Operator
    y: Tensor
    noise: Noise

    def __post_init__(self) -> None:
        for what, value, kind in (("operator", self.operator, Operator), ("noise", self.noise, Noise)):
            if not isinstance(value, kind):
                raise InvpriorError(
                    f"the {what} of a problem is an instance of a {kind.__name__}, got {_named(value)}; "
                    f"see {HELP[what]}"
                )
        check_tensor(f"a measurement of {self.operator!r}", self.y, self.operator.out_shape)
        if not self.y.numel():
            raise InvpriorError(f"the measurement is empty, of shape {tuple(self.y.shape)}; leave empty batches out")
        if bool(self.y.isfinite().all()):
            return
        # NaN marks missing data in many files: harmless where the operator sees no pixel
        object.__setattr__(self, "y", torch.where(self.observed, self.y, 0))
        if not bool(self.y.isfinite().all()):
            raise InvpriorError(
                "the measurement holds NaN or infinite values where the operator sees pixels; replace them, or mask "
                "them out with operators.Mask"
            )

    def on_window(self, window: Window) -> DataTerm | None:
        """The measurements that depend on pixels of the window only; None if the operator cannot be restricted."""
        restricted = self.operator.on_window(window) if isinstance(self.operator, LinearOperator) else None
        if restricted is None:
            return None
        operator, measured = restricted
        return DataTerm(operator, measured.of(self.y), self.noise.on_window(measured, self.operator.out_shape))

    @cached_property
    def term(self) -> Term:
        return Term(self.noise.nll(self.y), self.operator)

    @cached_property
    def observed(self) -> Tensor:
        """Boolean, of the shape of y: False where A sees no pixel, as in the hole of a mask, or a value is held out.

        Computed with one random image, whose measurement is 0 only there. For a nonlinear operator all values count
        as observed.
        """
        return self._seen()

    def _seen(self) -> Tensor:
        if not isinstance(self.operator, LinearOperator):
            return torch.ones_like(self.y, dtype=torch.bool)
        takes = self.operator.in_complex
        dtype = as_complex(self.y.dtype, self.y.is_complex() if takes is None else takes)
        x = torch.rand(self.operator.in_shape, generator=torch.Generator().manual_seed(0), dtype=dtype) + 0.5
        with torch.no_grad():
            return (self.operator(x.to(self.y.device)) != 0).expand_as(self.y)

    @cached_property
    def variance(self) -> Tensor:
        """The variance E|n|² of the noise, estimated from the data, of the shape of y."""
        return self.noise.estimated_variance(self.y).expand_as(self.y)

    @property
    def sigma(self) -> float:
        """The root of the mean variance over the observed values: one number for the noise level.

        Of complex values that of the real part, and of the imaginary part.
        """
        parts = 2 if self.y.is_complex() else 1
        return math.sqrt(self.expected_misfit / max(parts * int(self.observed.count_nonzero()), 1))

    @cached_property
    def expected_misfit(self) -> float:
        """E‖n‖²: the misfit that the true image has on average (Morozov 1966)."""
        return float((self.variance * self.observed).sum(dtype=torch.float64))

    @cached_property
    def gain(self) -> float | None:
        """What A makes of the constant image 1, where that is one number; None for other operators."""
        kinds = {self.operator.in_complex, self.operator.out_complex}
        if not isinstance(self.operator, LinearOperator) or not kinds <= {None, self.y.is_complex()}:
            return None
        one = torch.ones(self.operator.in_shape, dtype=self.y.dtype, device=self.y.device)
        with torch.no_grad():
            flat = self.operator(one).expand_as(self.y)[self.observed]
        if not flat.numel():
            return None
        mean = float(flat.real.mean())
        return mean if float((flat - mean).abs().max()) <= 0.01 * abs(mean) and mean != 0 else None

    def residual(self, x: Tensor) -> Tensor:
        """y − E(y | Ax), and 0 where nothing was observed."""
        return torch.where(self.observed, self.noise.signal(self.y) - self.operator(x), 0)

    def start(self) -> Tensor | None:
        """An image that the operator makes of the measurement to start from; None if it knows none."""
        with torch.no_grad():
            x = self.operator.start(torch.where(self.observed, self.noise.signal(self.y), 0))
        if x is not None:
            check_tensor(f"the start of {self.operator!r}", x, self.operator.in_shape, self.y)
        return x

    @property
    def batch(self) -> Shape:
        return tuple(self.y.shape[: self.y.ndim - len(self.operator.out_shape)])

    def __repr__(self) -> str:
        shown = f"y={tuple(self.y.shape)} {str(self.y.dtype).removeprefix('torch.')}"
        return f"{type(self).__name__}({self.operator!r}, {shown}, noise={brief(self.noise)})"


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
                f"prior must be a Prior, got {_named(prior)}; take priors.NoPrior() for none, and for a term of your "
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

        It holds the values of all terms at a fixed random point and the sums of their proximal maps there, which
        distinguish bounds even where a value is infinite.
        """
        rng = torch.Generator().manual_seed(0)
        x = torch.randn(self.variable_shape, generator=rng, dtype=self.dtype).to(self.device)
        figures = []
        with torch.no_grad():
            for t in self.terms:
                u = t.operator(x)
                f = t.functional
                figures += [float(f(u)) if f.valued else 0.0]
                if f.valued and f.proximable:
                    figures += [float(f.prox(u, 1.0).abs().sum())]
                elif not f.valued and is_dataclass(f):  # its weight tells it, and a call of a denoiser is dear
                    figures += [float(v) for v in vars(f).values() if isinstance(v, int | float)]
        return repr((type(self.prior).__name__, self.variable_shape, str(self.dtype), figures))

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
        for term in self.terms[1:]:
            if term.functional.valued:
                total = total + term(x)
        return total

    def gradient(self, x: Tensor) -> Tensor:
        """The gradient of :meth:`objective` at the variable ``x``, by autograd; it hangs on no graph."""
        with torch.enable_grad():
            at = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.objective(at), at)
        return gradient

    def start(self) -> Tensor:
        """Where solvers start: the variable of :meth:`back_projection`."""
        return self.variable(self.back_projection())

    def back_projection(self) -> Tensor:
        """The image m + c·Aᴴ(y − m A1): the constant m that fits the data best, then c of what it leaves.

        With y + k A1 in place of y it becomes m + k, so that no pedestal of the data is left to climb. If an A is not
        linear, the mean of what the operators start from (:meth:`~invprior.Operator.start`), or mid-gray if none knows
        anything.
        """
        flat = self.flat()
        linear = [(d.operator, d) for d in self.data_terms if isinstance(d.operator, LinearOperator)]
        if len(linear) < len(self.data_terms):
            start = self.once(_start)
            return flat if start is None else start
        x = flat
        with torch.no_grad():
            for A, d in linear:
                rest = d.residual(flat)
                back = A.H(rest)
                x = x + _fit([rest], [torch.where(d.observed, A(back), 0)]) * back / len(linear)
        return x

    def flat(self) -> Tensor:
        """The constant image m that fits the data best; if A is not linear, the mean of its start, or mid-gray."""
        one = torch.ones(self.full_shape, dtype=self.dtype, device=self.device)
        if not all(isinstance(d.operator, LinearOperator) for d in self.data_terms):
            start = self.once(_start)
            return 0.5 * one if start is None else start.mean() * one
        with torch.no_grad():
            measured = [torch.where(d.observed, d.noise.signal(d.y), 0) for d in self.data_terms]
            return _fit(measured, [torch.where(d.observed, d.operator(one), 0) for d in self.data_terms]) * one


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
    energy = torch.stack([u.abs().square().sum() for u in images]).sum()
    product = torch.stack([(y.conj() * u).real.sum() for y, u in zip(targets, images, strict=True)]).sum()
    return torch.where(energy > 0, product / energy, 0)
