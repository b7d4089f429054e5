"""Steps that show a network a random part of the measured values, and fit it to the others."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.prior import Seen
from invprior.problem import Problem
from invprior.stop.held_out import Fitted

# Coverage below this share of the largest counts as none: its ratios would be noise.
FAINT = 1e-3
# Weight of all values. With 0.14 the network copies the noise that it is shown; with 0 the image drifts off where
# it is shown, on whole F16 to 22 dB while what is held back has 28.5 dB.
SHOWN = 0.03


@dataclass(frozen=True, eq=False)
class HeldBack:
    """A random part of the measured values, held back from what the network sees.

    Attributes
    ----------
    held
        Of each measurement the values that are held back, boolean.
    share
        The share that is held back on average.
    seen
        The image as far as the other values tell it.
    """

    problem: Problem
    held: tuple[Tensor, ...]
    share: float
    seen: Seen

    @classmethod
    def draw(cls, problem: Problem, share: float, rng: torch.Generator) -> HeldBack:
        """Hold every measured value back with probability ``share``."""
        data = problem.data_terms
        kept = [torch.rand(d.y.shape, generator=rng, device=d.y.device) >= share for d in data]
        held = tuple(~k & d.observed for k, d in zip(kept, data, strict=True))
        return cls(problem, held, share, Seen(problem.back_projection(kept), _known(problem, kept)))

    def objective(self, x: Tensor) -> Tensor:
        """Σ E_held(Ax; y)/share + 0.03 E(Ax; y) + R(x); on average over the draws E_held/share is E and a constant.

        The second sum keeps the image from drifting off where the network is shown it, and is too weak for the noise to
        be copied. Correlated noise has E alone: the values that are shown tell of the noise of those that are not.
        """
        problem = self.problem
        total = x.real.new_zeros(())
        for d, held, term in zip(problem.data_terms, self.held, problem.terms, strict=False):
            u = term.operator(x)
            if d.noise.correlation is None:
                total = total + Fitted(term.functional, held, d.y)(u) / self.share + SHOWN * term.functional(u)
            else:
                total = total + term.functional(u)
        return problem.penalised(total, x)


def _known(problem: Problem, kept: list[Tensor]) -> Tensor:
    """|Σ Aᴴ(kept ⊙ A1)| / |Σ Aᴴ A1|, in [0, 1]; 0 where nothing is measured or A is not linear."""
    whole, coverage = problem.once(_coverage)
    part = torch.zeros_like(whole)
    for d, k, one in zip(problem.data_terms, kept, coverage, strict=True):
        if one is not None and isinstance(d.operator, LinearOperator):
            part = part + d.operator.H(torch.where(k, one, 0))
    size = whole.abs()
    return torch.where(size > FAINT * size.max(), part.abs() / size, 0).nan_to_num().clamp(max=1)


def _coverage(problem: Problem) -> tuple[Tensor, list[Tensor | None]]:
    """Σ Aᴴ A1 over the linear operators, and the A1 of each where it is observed."""
    one = torch.ones(problem.full_shape, dtype=problem.dtype, device=problem.device)
    whole, each = torch.zeros_like(one), []
    for d in problem.data_terms:
        seen = torch.where(d.observed, d.operator(one), 0) if isinstance(d.operator, LinearOperator) else None
        each.append(seen)
        if seen is not None and isinstance(d.operator, LinearOperator):
            whole = whole + d.operator.H(seen)
    return whole, each
