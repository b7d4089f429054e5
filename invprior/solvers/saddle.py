"""A problem as the saddle point min_x max_y G(x) + Σ ⟨K_i x, y_i⟩ − f_i*(y_i)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from invprior.functional import Functional, Term
from invprior.functionals import Bounded, Bounds, Quadratic
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.shapes import Shape
from invprior.solvers.bands import Bands, Block, cut, local_first
from invprior.solvers.base import State
from invprior.solvers.pedestal import pedestal, without


@dataclass(frozen=True, eq=False)
class SaddleState(State):
    """A point of a saddle-point problem; its primal value is computed once, for the gap and its scale."""

    derived: ClassVar[tuple[str, ...]] = ("saddle", "primal")
    saddle: SaddlePoint

    @cached_property
    def primal(self) -> Tensor:
        return self.saddle.primal(self.x)


@dataclass(frozen=True, eq=False)
class SaddlePoint:
    """Terms that act on single pixels are joined in G; every other term is a block with a dual variable.

    G holds the quadratic terms after diagonal operators or, without any, the one other separable term on the pixels
    themselves (a photon likelihood), within the prior's bounds.

    Attributes
    ----------
    shape, lift
        Those of the variable, see :class:`~invprior.problem.Problem`.
    convexity
        μ: the least curvature of G.
    bands
        G and the blocks in bands of rows.
    low, high
        The range of the back-projected data, widened by a tenth on each side.
    pedestal
        m: all of this is of the image less m, see :func:`~invprior.solvers.pedestal.pedestal`.
    """

    shape: Shape
    lift: LinearOperator | None
    G: Functional
    convexity: float
    blocks: tuple[Block, ...]
    bands: Bands
    low: Tensor
    high: Tensor
    pedestal: Tensor

    @classmethod
    def of(cls, problem: Problem) -> SaddlePoint:
        """The form with as many terms in G as possible."""
        start = problem.start()
        m = pedestal(problem, problem.image(start))
        above = problem
        if bool(m):
            above = without(problem, m)
            start = above.start()
        return replace(cls._join(above, start, *_on_pixels(above, start, m)), pedestal=m)

    @classmethod
    def smooth(cls, problem: Problem) -> SaddlePoint:
        """The form with as few terms in G as possible: every differentiable term is a block."""
        smooth, rest = smooth_and_rest(problem)
        G = rest[0].functional if rest else Quadratic(0.0, 0.0)
        return cls._join(problem, problem.start(), G, 0.0, smooth)

    @classmethod
    def _join(cls, problem: Problem, start: Tensor, G: Functional, convexity: float, rest: list[Term]) -> SaddlePoint:
        blocks = []
        for t in rest:
            norm = t.operator.norm() if isinstance(t.operator, LinearOperator) else 0.0
            if isinstance(t.operator, LinearOperator) and norm != 0:  # else a constant, which moves nothing
                blocks.append(Block(t.functional, t.operator, max(norm, torch.finfo(start.dtype).tiny)))
        low, high = _range(problem.image(start))
        # a tenth of the range to each side; of a constant image, a share of its value
        span = high - low
        reach = torch.where(span > 0, 0.1 * span, 1e-3 * torch.maximum(low.abs(), high.abs()) + 1e-30)
        ordered = local_first(blocks, start)
        bands = cut(G, ordered, start)
        shape = problem.variable_shape
        flat = torch.zeros_like(low)
        return cls(shape, problem.lift, G, convexity, ordered, bands, low - reach, high + reach, flat)

    def lifted(self, x: Tensor) -> Tensor:
        """The problem's variable, of one that stands above the pedestal."""
        return x if not bool(self.pedestal) else x + self._constant(x)

    def lowered(self, x: Tensor) -> Tensor:
        """The variable above the pedestal, of the problem's."""
        return x if not bool(self.pedestal) else x - self._constant(x)

    def _constant(self, x: Tensor) -> Tensor:
        image = x if self.lift is None else self.lift.forward(x)
        flat = torch.ones_like(image) * self.pedestal
        return flat if self.lift is None else self.lift.adjoint(flat)

    def primal(self, x: Tensor) -> Tensor:
        """G(x) + Σ f_i(K_i x)."""
        return self.bands.value(x)

    def back(self, y: Sequence[Tensor]) -> Tensor:
        """Σ K_iᴴy_i."""
        return sum((b.K.adjoint(v) for b, v in zip(self.blocks, y, strict=True)), start=self.low.new_zeros(self.shape))

    @property
    def certified(self) -> bool:
        """True if all conjugates are known, so that there is a dual value."""
        conjugable = self.G.valued and (self.G.conjugable if self.convexity > 0 else self.G.separable)
        return conjugable and all(b.f.conjugable for b in self.blocks)

    def dual(self, y: Sequence[Tensor], x: Tensor) -> Tensor:
        """−G*(−Σ K_iᴴy_i) − Σ f_i*(y_i), finite at every iterate.

        If G* could be infinite, its supremum is taken over a box around the data and the iterate ``x``, and over
        auxiliary fields of up to twice their present size. The value is then a lower bound of the minimum if the
        minimiser lies in that box.
        """
        conjugates = sum(self.bands.conjugates(y), start=self.low.new_zeros(()))
        u = -self.back(y).to(x.dtype)  # without any y it is a real 0
        return -(conjugates + self._conj_G(u, x))

    def _conj_G(self, u: Tensor, x: Tensor) -> Tensor:
        if self.convexity > 0:  # G* is finite everywhere
            return sum((part.G.conj(part.rows.of(u)) for part in self.bands.near), start=self.low.new_zeros(()))
        image = x if self.lift is None else self.lift.forward(x)
        least, most = _range(image)
        low, high = torch.minimum(self.low, least), torch.maximum(self.high, most)
        if self.lift is not None:
            on_image = self.lift.H(torch.ones_like(image)).real > 0
            fields = torch.where(on_image, 0, x).abs().amax()
            reach = torch.maximum(2 * fields, 0.02 * (high - low))
            low, high = torch.where(on_image, low, -reach), torch.where(on_image, high, reach)
        return self.G.conj_bounded(u, *self.G.limits(low, high))


def _range(image: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest value; of a complex image those of its real and imaginary parts."""
    values = torch.view_as_real(image) if image.is_complex() else image
    return values.amin(), values.amax()


def smooth_and_rest(problem: Problem) -> tuple[list[Term], list[Term]]:
    """The differentiable terms, and the others; bounds are joined with the only other one if it is on the pixels."""
    smooth = [t for t in problem.terms if t.functional.differentiable]
    rest = [t for t in problem.terms if not t.functional.differentiable]
    bounds = [t for t in rest if isinstance(t.functional, Bounds) and t.operator.is_identity]
    others = [t for t in rest if t not in bounds]
    if not bounds or len(others) > 1 or not all(t.functional.separable and t.operator.is_identity for t in others):
        return smooth, rest
    y = problem.data_terms[0].y.real
    low, high = max(t.functional.low for t in bounds), min(t.functional.high for t in bounds)  # type: ignore[attr-defined]
    inner = others[0].functional if others else Quadratic(0.0, 0.0)
    return smooth, [Term(Bounded(inner, y.new_tensor(low), y.new_tensor(high)), bounds[0].operator)]


def _on_pixels(problem: Problem, start: Tensor, m: Tensor) -> tuple[Functional, float, list[Term]]:
    """G, its convexity, and the terms that are not in G; bounds are of the image m higher."""
    quadratic: Quadratic | None = None
    low, high = (start.real.new_full((), bound) for bound in (-torch.inf, torch.inf))
    pixelwise: list[Term] = []
    rest: list[Term] = []
    for i, t in enumerate(problem.terms):
        joined = _on_diagonal(t, start)
        if joined is None and i < len(problem.data_terms):  # A of a lifted problem is diagonal before the lift
            joined = _on_diagonal(problem.data_terms[i].term, start)
            joined = None if joined is None else _lift_quadratic(problem, joined)
        if joined is not None:
            quadratic = joined if quadratic is None else _join(quadratic, joined)
        elif isinstance(t.functional, Bounds) and isinstance(S := t.operator, LinearOperator) and S.is_selection:
            low = torch.maximum(low, _spread(S, low.new_tensor(t.functional.low) - m, -torch.inf))
            high = torch.minimum(high, _spread(S, high.new_tensor(t.functional.high) - m, torch.inf))
        else:
            (pixelwise if t.functional.separable and t.operator.is_identity else rest).append(t)
    G: Functional = Quadratic(0.0, 0.0) if quadratic is None else quadratic
    if quadratic is None and len(pixelwise) == 1:
        G = pixelwise.pop().functional
    if bool(low.isfinite().any() | high.isfinite().any()):
        G = Bounded(G, low, high)
    convexity = 0.0 if quadratic is None else float(torch.as_tensor(quadratic.weight).min())
    return G, convexity, pixelwise + rest


def _on_diagonal(term: Term, start: Tensor) -> Quadratic | None:
    """½w(dx − b)² as a quadratic in x: ½wd²(x − b/d)², minus the constant where d = 0."""
    f, L = term.functional, term.operator
    if not isinstance(f, Quadratic) or not isinstance(L, LinearOperator):
        return None
    d = L.diagonal()
    if d is None or (d.is_complex() and not start.is_complex()):
        return None
    if L.is_identity:
        return Quadratic(torch.as_tensor(f.weight), torch.as_tensor(f.center))
    d = d.to(start.dtype)
    center = torch.where(d == 0, 0, f.center / d)
    return Quadratic(torch.as_tensor(f.weight * d.abs().square()), torch.as_tensor(center))


def _lift_quadratic(problem: Problem, f: Quadratic) -> Quadratic:
    if problem.lift is None:
        return f
    # weight 0 leaves the auxiliary fields free
    whole = (torch.as_tensor(t).expand(problem.full_shape) for t in (f.weight, f.center))
    weight, center = (_spread(problem.lift, t, 0.0) for t in whole)
    return Quadratic(weight, center)


def _spread(S: LinearOperator, values: Tensor, elsewhere: float) -> Tensor:
    """Values on the image as values on the variable, with ``elsewhere`` on all that S does not select."""
    if S.is_identity:
        return values
    selected = values.expand(torch.broadcast_shapes(values.shape, S.out_shape))
    return torch.where(S.H(torch.ones_like(selected)).real > 0, S.H(selected), elsewhere)


def _join(f: Quadratic, g: Quadratic) -> Quadratic:
    """f + g up to a constant: the weights add, the centre is their weighted mean."""
    w = torch.as_tensor(f.weight + g.weight)
    return Quadratic(w, torch.where(w > 0, (f.weight * f.center + g.weight * g.center) / w, 0))
