"""A problem as the saddle point min_x max_y G(x) + Σ ⟨K_i x, y_i⟩ − f_i*(y_i)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.functional import Functional, Term
from invprior.functionals import Quadratic
from invprior.operator import LinearOperator
from invprior.problem import Problem


@dataclass(frozen=True, eq=False)
class Block:
    """f(Kx) with ‖K‖."""

    f: Functional
    K: LinearOperator
    norm: float


@dataclass(frozen=True, eq=False)
class SaddlePoint:
    """Quadratic terms after diagonal operators join in G; every other term is a block with a dual variable.

    Attributes
    ----------
    convexity
        μ: the least weight of G.
    low, high
        The range of the back-projected data and a tenth more on each side.
    """

    problem: Problem
    G: Quadratic
    convexity: float
    blocks: tuple[Block, ...]
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, problem: Problem) -> SaddlePoint:
        start = problem.start()
        G = Quadratic(torch.zeros_like(start), torch.zeros_like(start))
        blocks = []
        for t in problem.terms:
            joined = _on_diagonal(t, start)
            if joined is not None:
                G = _join(G, joined)
            elif isinstance(t.operator, LinearOperator):
                blocks.append(Block(t.functional, t.operator, max(t.operator.norm(), torch.finfo(start.dtype).tiny)))
        low, high = start.amin(), start.amax()
        reach = (0.1 * (high - low)).clamp(min=1e-3 * float(torch.maximum(low.abs(), high.abs())) + 1e-30)
        convexity = float(torch.as_tensor(G.weight).min())
        return cls(problem, G, convexity, tuple(blocks), low - reach, high + reach)

    def primal(self, x: Tensor) -> Tensor:
        """G(x) + Σ f_i(K_i x)."""
        return sum((b.f(b.K(x)) for b in self.blocks), start=self.G(x))

    def dual(self, y: tuple[Tensor, ...], Kty: Tensor, x: Tensor) -> Tensor:
        """−G*(−Σ K_iᴴy_i) − Σ f_i*(y_i), finite at every iterate.

        Where G does not determine a pixel, G* is taken over a box around the data and the iterate ``x``. The value is
        then a lower bound of the minimum wherever the minimiser lies in that box.
        """
        low, high = torch.minimum(self.low, x.amin()), torch.maximum(self.high, x.amax())
        conjugates = (b.f.conj(v) for b, v in zip(self.blocks, y, strict=True))
        return -sum(conjugates, start=self.G.conj_bounded(-Kty, low, high))


def _on_diagonal(term: Term, like: Tensor) -> Quadratic | None:
    """½w(dx − b)² as a quadratic in x: ½wd²(x − b/d)², less the constant where d = 0."""
    f, L = term.functional, term.operator
    if not isinstance(f, Quadratic) or not isinstance(L, LinearOperator):
        return None
    d = L.diagonal()
    if d is None:
        return None
    d = d.to(like.dtype).expand_as(like)
    return Quadratic(f.weight * d.square(), torch.where(d == 0, 0, f.center / d))


def _join(f: Quadratic, g: Quadratic) -> Quadratic:
    """f + g up to a constant: the weights add, the centre is their weighted mean."""
    w = torch.as_tensor(f.weight + g.weight)
    return Quadratic(w, torch.where(w > 0, (f.weight * f.center + g.weight * g.center) / w, 0))
