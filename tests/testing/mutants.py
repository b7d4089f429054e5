"""Planted bugs, each one that a published library has had or that is easy to make, and the law that catches it.

``python -m tests.testing.table`` prints the table of docs/mutants.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from invprior import InvpriorError, LinearOperator, solvers
from invprior.functional import Step
from invprior.functionals import L1, L21, Quadratic
from invprior.noise import Gaussian
from invprior.operators import FiniteDifference, Lanczos
from invprior.operators.banded import Banded
from invprior.problem import Problem
from invprior.shapes import Shape, Window
from invprior.solvers.bands import Part, cut
from invprior.solvers.conjugate_gradient import CGState, _dot, _hessian
from invprior.solvers.pdhg import PDHGState
from invprior.solvers.saddle import SaddlePoint


class Square(LinearOperator):
    """A base for operators from (C, H, W) to itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)


class ScaledAdjoint(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)

    def adjoint(self, y: Tensor) -> Tensor:
        return 1.001 * y.flip(-1).cumsum(-1).flip(-1)


def half_a_pixel_left(M: Banded) -> Banded:
    """The mean of a resampling matrix and itself moved by one pixel."""
    if M.weights.shape[1] >= M.n:
        raise InvpriorError("too small")
    padded = np.pad(M.weights, ((0, 0), (1, 1)))
    return Banded(M.n, np.clip(M.starts - 1, 0, M.n - padded.shape[1] + 1), 0.5 * (padded[:, 1:] + padded[:, :-1]))


class HalfPixel(Lanczos):
    """Samples sit at factor·k instead of at the centres of their shares."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, factor=2)
        self._rows, self._cols = half_a_pixel_left(self._rows), half_a_pixel_left(self._cols)

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> HalfPixel:
        if min(shape[-2:]) < 2:
            raise InvpriorError("too small")
        return cls(shape)


class NoBoundaryTerm(FiniteDifference):
    def adjoint(self, y: Tensor) -> Tensor:
        lead = y.ndim - len(self.out_shape)
        out = torch.zeros_like(y.select(lead, 0))
        for k, axis in enumerate(self.axes):
            p = y.select(lead, k)
            out = out - p + p.roll(1, axis)
        return out

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> NoBoundaryTerm:
        return cls(shape)


class Remembers(Square):
    """Warm-starts from the last call."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.last: Tensor | float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        out = x + 1e-6 * self.last
        self.last = x.detach().sum()
        return out

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class DropsDtype(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.float()


class SinglePrecisionInside(Square):
    def forward(self, x: Tensor) -> Tensor:
        return (x.float() / 3).to(x.dtype)


class LeavesBuffer(Square):
    """Holds its weights as a plain attribute."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.weight = torch.linspace(1, 2, shape[-1], dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.to(x.dtype)


class BroadcastsBatch(Square):
    """Takes the first axis for the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(0, keepdim=True)


class ReachesFar(LinearOperator):
    """x[i + 3] − x[i] along the rows, declared local."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        out = 0 * x
        if x.ndim > 1 and x.shape[-2] > 3:
            out[..., :-3, :] = x[..., 3:, :] - x[..., :-3, :]
        return out

    def on_rows(self, height: int) -> ReachesFar | None:
        return None if len(self.in_shape) < 2 else ReachesFar((*self.in_shape[:-2], height, self.in_shape[-1]))


class SeesTooLittle(Square):
    """x[i] + x[i + 1] along the columns, said to be all there is to a window."""

    def forward(self, x: Tensor) -> Tensor:
        return x + F.pad(x[..., 1:], (0, 1))

    def on_window(self, window: Window) -> tuple[SeesTooLittle, Window]:
        return SeesTooLittle((*self.in_shape[:-2], window.height, window.width)), window


class SlightlyQuadratic(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1e-3 * x.square()

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class Affine(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1e-4

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class ModifiesInput(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(2.0) if not x.requires_grad else x * 2.0

    def adjoint(self, y: Tensor) -> Tensor:
        return 2.0 * y


class WrongShape(LinearOperator):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (*shape[:-1], shape[-1] + 1))

    def forward(self, x: Tensor) -> Tensor:
        return x

    def adjoint(self, y: Tensor) -> Tensor:
        return y[..., :-1]


class NormTooSmall(FiniteDifference):
    """√8 is the bound for large images; this says √7.8."""

    def norm(self) -> float:
        return 0.987 * super().norm()

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> NormTooSmall:
        return cls(shape)


class NotConjugated(Square):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.in_complex = self.out_complex = True

    def forward(self, x: Tensor) -> Tensor:
        return x * 1j

    def adjoint(self, y: Tensor) -> Tensor:
        return y * 1j


class NeedsContiguous(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1).flip(0).view(x.shape) if x.ndim == 3 else torch.stack([self.forward(v) for v in x])


class AcceptsAnything(Square):
    def __call__(self, x: Tensor) -> Tensor:
        return 2 * x

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


class Dropout(Square):
    """Drops pixels at random."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand(x.shape[-2:]) > 0.1)

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class Detached(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach().clone() + 0 * x

    def adjoint(self, y: Tensor) -> Tensor:
        return y


class EvenSizesOnly(LinearOperator):
    """Drops every second column; the adjoint is right for even widths."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (*shape[:-1], (shape[-1] + 1) // 2))

    def forward(self, x: Tensor) -> Tensor:
        return x[..., ::2]

    def adjoint(self, y: Tensor) -> Tensor:
        out = y.new_zeros(*y.shape[:-1], self.in_shape[-1])
        m = self.in_shape[-1] // 2
        out[..., : 2 * m : 2] = y[..., :m]
        return out


class ConvolvesBack(Square):
    """The adjoint convolves where it should correlate."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.5 * x.roll(1, -1)

    def adjoint(self, y: Tensor) -> Tensor:
        return y + 0.5 * y.roll(1, -1)


class WrongGram(Square):
    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)

    @property
    def gram(self) -> LinearOperator:
        return self @ self


class WrongThreshold(L1):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return super().prox(u, 0.5 * step)


class HardThreshold(L1):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return torch.where(u.abs() > step, u, 0)


class PerAxisThreshold(L21):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return L1().prox(u, step)


class NoDomain(L1):
    def conj(self, u: Tensor) -> Tensor:
        return torch.zeros_like(u.sum())


class WarmProx(L1):
    """Starts from the last result, as an inner solver would."""

    def prox(self, u: Tensor, step: Step) -> Tensor:
        out: Tensor = super().prox(u, step) + 1e-9 * self.__dict__.get("last", 0.0)
        self.__dict__["last"] = float(u.sum())
        return out


class ForgetsWeight(Quadratic):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return (u + step * self.center) / (1 + step)


class GradientOfTwice(Quadratic):
    def gradient(self, u: Tensor) -> Tensor:
        return 2 * super().gradient(u)


class IgnoresBox(Quadratic):
    """Its conjugate over a box is that over the whole space."""

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        return self.conj(u)


class FirstRows(Quadratic):
    """Every band gets the weights of the first one."""

    def rows(self, start: int, stop: int, height: int) -> Self:
        return super().rows(0, stop - start, height)


class SmallConjugate(Quadratic):
    def conj(self, u: Tensor) -> Tensor:
        return 0.5 * super().conj(u)


class HalfNll(Gaussian):
    def nll(self, y: Tensor) -> Quadratic:
        return 0.5 * super().nll(y)


class SigmaForVariance(Gaussian):
    def nll(self, y: Tensor) -> Quadratic:
        return Quadratic(1 / float(self.sigma), y)


class VarianceForSigma(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return u + float(self.sigma) ** 2 * torch.randn(u.shape, generator=rng, dtype=u.dtype)


class GlobalRng(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return super().sample(u, None)


class Biased(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return super().sample(u, rng) + 0.1 * float(self.sigma)


class DeclaresSigma(Gaussian):
    def variance(self, u: Tensor) -> Tensor:
        return super().variance(u).sqrt()


class NotAhead(Part):
    def primal(self, x: Tensor, y: Sequence[Tensor], tau: float, theta: float) -> tuple[Tensor, Tensor]:
        return super().primal(x, y, tau, 0.0)


@dataclass(frozen=True)
class NoExtrapolation(solvers.PDHG):
    def _saddle(self, problem: Problem) -> SaddlePoint:
        saddle = super()._saddle(problem)
        return replace(saddle, parts=tuple(NotAhead(p.rows, p.G, p.blocks) for p in saddle.parts))


@dataclass(frozen=True)
class NoNorm(solvers.PDHG):
    """Takes every operator for one of norm 1 to 3."""

    def _saddle(self, problem: Problem) -> SaddlePoint:
        saddle = super()._saddle(problem)
        blocks = tuple(replace(b, norm=min(max(b.norm, 1.0), 3.0)) for b in saddle.blocks)
        return replace(saddle, blocks=blocks, parts=cut(saddle.G, blocks, problem.start()))


@dataclass(frozen=True)
class HalfGap(solvers.PDHG):
    def gap(self, state: PDHGState) -> Tensor:
        return 0.05 * super().gap(state)


@dataclass(frozen=True)
class InPlace(solvers.PDHG):
    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        after = super().step(problem, state)
        state.x.copy_(after.x)
        return after


@dataclass(frozen=True)
class RunsAway(solvers.ConjugateGradient):
    """The textbook recurrence, which does not know when its residual has become noise."""

    def step(self, problem: Problem, state: CGState) -> CGState:
        q = _hessian(problem, state.p)
        alpha = state.rr / _dot(state.p, q)
        x, r = state.x + alpha * state.p, state.r - alpha * q
        rr = _dot(r, r)
        return replace(state, iteration=state.iteration + 1, x=x, r=r, p=r + rr / state.rr * state.p, rr=rr)


@dataclass(frozen=True)
class ForgetsMoments(solvers.Adam):
    """Counts its own calls instead of the state's, so that a resumed solve starts the moments anew."""

    def step(self, problem: Problem, state: Any) -> Any:
        calls = self.__dict__.setdefault("calls", [0])
        calls[0] += 1
        return super().step(problem, replace(state, lr_scale=state.lr_scale * (0.5 if calls[0] % 11 == 0 else 1.0)))


@dataclass(frozen=True)
class KeepsItsProblem(solvers.PDHG):
    """Goes on with the problem that the state was made for, whichever it is given."""

    def carry(self, problem: Problem, state: PDHGState, rng: torch.Generator) -> PDHGState:
        return replace(state, iteration=0)

    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        self.__dict__["first"] = getattr(state, "saddle", None)
        return super().step(problem, state)

    def _saddle(self, problem: Problem) -> SaddlePoint:
        first: SaddlePoint | None = self.__dict__.pop("first", None)
        return super()._saddle(problem) if first is None else first


@dataclass(frozen=True)
class KnowsByIdentity(solvers.PDHG):
    """Begins its step sizes anew for every object that it has not seen, an equal problem included."""

    def step(self, problem: Problem, state: PDHGState) -> PDHGState:
        seen = self.__dict__.setdefault("seen", [problem])
        if state.iteration and seen[-1] is not problem:
            state = replace(state, rho=2 * state.rho, saddle=self._saddle(problem))
        seen.append(problem)
        return super().step(problem, state)


@dataclass(frozen=True)
class Ascends(solvers.Adam):
    def _update(self, *given: Any) -> Any:
        direction, moments = super()._update(*given)
        return -direction, moments


# Each planted bug with the law that must catch it; others may catch it too.
OPERATORS: dict[type[Any], str] = {
    ScaledAdjoint: "adjoint",
    HalfPixel: "geometry",
    NoBoundaryTerm: "adjoint",
    Remembers: "purity",
    DropsDtype: "dtype",
    SinglePrecisionInside: "linearity",
    LeavesBuffer: "movable",
    BroadcastsBatch: "batch",
    SlightlyQuadratic: "linearity",
    Affine: "linearity",
    ModifiesInput: "purity",
    WrongShape: "shape",
    NormTooSmall: "norm",
    NotConjugated: "adjoint",
    NeedsContiguous: "strides",
    AcceptsAnything: "refusals",
    Dropout: "purity",
    Detached: "vjp",
    EvenSizesOnly: "adjoint",
    ConvolvesBack: "adjoint",
    WrongGram: "gram",
    ReachesFar: "rows",
    SeesTooLittle: "window",
}
FUNCTIONALS: dict[type[Any], str] = {
    WrongThreshold: "prox",
    HardThreshold: "firm",
    PerAxisThreshold: "prox",
    NoDomain: "young",
    WarmProx: "purity",
    ForgetsWeight: "prox",
    GradientOfTwice: "gradient",
    SmallConjugate: "fenchel",
    IgnoresBox: "bounded",
    FirstRows: "rows",
}
NOISES: dict[type[Any], str] = {
    HalfNll: "information",
    SigmaForVariance: "information",
    VarianceForSigma: "variance",
    GlobalRng: "seeded",
    Biased: "centred",
    DeclaresSigma: "variance",
}
SOLVERS: dict[type[Any], str] = {
    NoExtrapolation: "certificate",
    NoNorm: "certificate",
    HalfGap: "honesty",
    InPlace: "purity",
    RunsAway: "certificate",
    ForgetsMoments: "resume",
    Ascends: "descent",
    KeepsItsProblem: "another",
    KnowsByIdentity: "checkpoint",
}
MUTANTS = {**OPERATORS, **FUNCTIONALS, **NOISES, **SOLVERS}
