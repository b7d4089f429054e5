"""One measurement of an image: y, the operator and the noise model that it came by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.linear_operator import LinearOperator
from invprior.moving import brief
from invprior.noise import Noise
from invprior.operator import Operator
from invprior.shapes import Shape, Window, all_finite, as_complex, check_tensor

HELP = {"operator": "invprior.operators", "noise": "invprior.noise, as noise.Gaussian(0.1)"}


def named(value: object) -> str:
    """What was given in the place of something else, in a few words."""
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
                    f"the {what} of a problem is an instance of a {kind.__name__}, got {named(value)}; see {HELP[what]}"
                )
        check_tensor(f"a measurement of {self.operator!r}", self.y, self.operator.out_shape)
        if not self.y.numel():
            raise InvpriorError(f"the measurement is empty, of shape {tuple(self.y.shape)}; leave empty batches out")
        if all_finite(self.y):
            return
        # NaN marks missing data in many files: harmless where the operator sees no pixel
        object.__setattr__(self, "y", torch.where(self.observed, self.y, 0))
        if not all_finite(self.y):
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
        if self.noise.correlation is not None and not bool(self.observed.all()):
            raise InvpriorError(
                f"the likelihood of correlated noise takes every value, and {self.operator!r} leaves some unseen; take "
                "Gaussian noise of the same sigma"
            )
        return Term(self.noise.nll(self.y), self.operator)

    @cached_property
    def observed(self) -> Tensor:
        """Boolean, of the shape of y: False where A sees no pixel, as in the hole of a mask, or a value is held out.

        Where A is diagonal those of a factor 0, else found with one random image, whose measurement is 0 only there.
        For a nonlinear operator all values count as observed.
        """
        return self._seen()

    def _seen(self) -> Tensor:
        if not isinstance(self.operator, LinearOperator):
            return torch.ones_like(self.y, dtype=torch.bool)
        if (d := self.operator.diagonal()) is not None:
            return (d.to(self.y.device) != 0).expand_as(self.y)
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
            flat = self.operator(one).expand_as(self.y)
        # a list of the observed values would take several times the memory of the measurement
        seen, count = self.observed, int(self.observed.count_nonzero())
        mean = float(torch.where(seen, flat, 0).real.sum(dtype=torch.float64)) / max(count, 1)
        return mean if mean != 0 and float(torch.where(seen, flat - mean, 0).abs().max()) <= 0.01 * abs(mean) else None

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
