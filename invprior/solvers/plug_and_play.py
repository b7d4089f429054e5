"""Plug-and-play with a denoiser whose noise level falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.denoised import Denoised
from invprior.errors import InvpriorError
from invprior.functional import Functional, Term
from invprior.functionals import L21, Quadratic
from invprior.linear_operator import LinearOperator
from invprior.noise import Gaussian
from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.identity import Identity
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.shapes import Shape
from invprior.solvers.base import Solver, State
from invprior.solvers.conjugate_gradient import ConjugateGradient
from invprior.solvers.loop import solve
from invprior.stop import MaxIterations, RelativeGap, Status, StopRule

# Weight of the split beside the data, in units of 1/σ_k² (Zhang et al. 2021).
SPLIT = 0.23
# The first level, as a share of the image's range, and the least last one.
FIRST, LEAST = 0.12, 2 / 255
# The first image is that of TV with the weight that suits photographs, beside the negative log-likelihood.
EDGES = 10.0
EDGES_STOP = RelativeGap(1e-3) | MaxIterations(500)
# Least variance of the noise, relative to its mean.
QUIET = 1e-3
# Conjugate gradients: iterations, and the residual relative to the first at which they end.
INNER, ACCURACY = 40, 1e-4


@dataclass(frozen=True, eq=False)
class Falling(State):
    """The image, and the levels σ_k of all iterations; none if A = I."""

    levels: tuple[float, ...]


@dataclass(frozen=True)
class PlugAndPlay(Solver[Falling]):
    """Half-quadratic splitting with a denoiser D at falling levels σ_k (Geman & Yang 1995; Zhang et al. 2021).

        v = argmin_v Σ ½‖(A v − y)/s‖² + (0.23/σ_k²) ½‖v − x‖²,   x⁺ = D(v, σ_k)

    s² is the variance of the noise, estimated from the data where it depends on the image. The levels fall
    geometrically from an eighth of the image's range to the level of the noise, or a small share of the range, within
    ``steps`` iterations. The first x is that of total variation, since patches repeat the errors of a poor start. If
    A = I, one iteration is the whole solve: x = D(y), with all that the denoiser can use of the noise model.

    Parameters
    ----------
    steps
        Number of levels.

    Raises
    ------
    InvpriorError
        If ``steps`` is not 1 to 1000.

    Cost
    ----
    An iteration calls the denoiser once, and A and Aᴴ up to 40 times; before the first, up to 500 iterations of PDHG.

    References
    ----------
    - Geman & Yang, "Nonlinear image recovery with half-quadratic regularization", IEEE TIP 4 (1995).
    - Zhang, Li, Zuo, Zhang, Van Gool & Timofte, "Plug-and-play image restoration with deep denoiser prior", IEEE TPAMI
      44 (2021).
    """

    steps: int = 12
    log_every = 1

    def __post_init__(self) -> None:
        if not (isinstance(self.steps, int) and 1 <= self.steps <= 1000):
            raise InvpriorError(f"PlugAndPlay takes 1 to 1000 steps, got {self.steps!r}")

    def check(self, problem: Problem) -> None:
        super().check(problem)
        for d in problem.data_terms:
            if not isinstance(d.operator, LinearOperator):
                raise InvpriorError(
                    f"PlugAndPlay needs linear operators, {d.operator!r} is not; take priors.DIP, which fits any"
                )
        penalties = problem.terms[len(problem.data_terms) :]
        denoisers = [t for t in penalties if isinstance(t.functional, Denoised)]
        if len(denoisers) != 1 or problem.lift is not None:
            raise InvpriorError(
                f"PlugAndPlay takes one denoiser, such as priors.NonLocal(), alone or with priors.Box, got "
                f"{problem.prior!r}"
            )
        for t in penalties:
            if not (t.operator.is_identity and t.functional.proximable):
                raise InvpriorError(
                    "a denoiser in a sum goes with priors.Box alone: the others have no proximal map on the pixels "
                    "that could follow it; take one of them"
                )

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> Falling:
        if _direct(problem):
            return Falling(0, problem.start() if x0 is None else x0, ())
        return Falling(0, _edges(problem) if x0 is None else x0, _levels(problem, self.steps))

    def step(self, problem: Problem, state: Falling) -> Falling:
        data = problem.data_terms
        denoiser, others = _penalties(problem)
        if not state.levels:
            x = denoiser.estimate(data[0].y, data[0].noise)
        else:
            sigma = state.levels[min(state.iteration, len(state.levels) - 1)]
            v = _fitted(problem, state.x, SPLIT / sigma**2)
            x = denoiser.prox(v, sigma**2)
        for functional in others:
            x = functional.prox(x, 1.0)
        return replace(state, iteration=state.iteration + 1, x=x)

    def last(self, state: Falling) -> int:
        return max(len(state.levels), 1)

    def ended(self, state: Falling) -> Status | None:
        if state.iteration < self.last(state):
            return None
        if not state.levels:
            return Status(
                "one_pass", "the image was measured directly, so that one pass of the denoiser is the estimate"
            )
        return Status("level_reached", f"the level of the denoiser has fallen to its last, {state.levels[-1]:.3g}")

    def value(self, problem: Problem, state: Falling) -> Tensor:
        """Σ ½‖(A x − y)/s‖², what of the objective is known; a likelihood may be infinite where s² is not."""
        return 0.5 * _sum([(d.residual(state.x).abs().square() / _variance(d)).sum() for d in problem.data_terms])

    def default_stop(self) -> StopRule:
        return MaxIterations(1000)

    def log(self, state: Falling) -> dict[str, Tensor]:
        return {"level": torch.tensor(state.levels[state.iteration - 1])} if state.levels else {}


def _direct(problem: Problem) -> bool:
    """True if there is one measurement, of the image itself."""
    return len(problem.data_terms) == 1 and problem.data_terms[0].operator.is_identity


def _levels(problem: Problem, steps: int) -> tuple[float, ...]:
    """σ_k, from FIRST of the image's range to the level of the noise in units of the image."""
    extent = problem.values.high - problem.values.low
    noise = min(d.sigma / abs(d.gain or 1.0) for d in problem.data_terms)
    last = min(max(noise, LEAST * extent), FIRST * extent)
    ratio = last / (FIRST * extent)
    return tuple(FIRST * extent * ratio ** (k / max(steps - 1, 1)) for k in range(steps))


def _penalties(problem: Problem) -> tuple[Denoised, list[Functional]]:
    functionals = [t.functional for t in problem.terms[len(problem.data_terms) :]]
    (denoiser,) = (f for f in functionals if isinstance(f, Denoised))
    return denoiser, [f for f in functionals if f is not denoiser]


@dataclass(frozen=True)
class _TV(Prior):
    """Total variation; ``priors.TV`` stands above the solvers."""

    weight: float

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        over = (-len(shape) - 1, -3) if len(shape) > 2 else (-3,)  # differences, and channels
        return (Term(self.weight * L21(over), FiniteDifference(shape)),)


def _edges(problem: Problem) -> Tensor:
    """The image of total variation."""
    weight = EDGES / (problem.values.high - problem.values.low)
    return solve(Problem.from_terms(problem.data_terms, _TV(weight), problem.values), stop=EDGES_STOP).x


@dataclass(frozen=True, eq=False)
class _Near(Prior):
    """(split/2)‖v − x‖²."""

    x: Tensor
    split: float

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        weight = torch.tensor(self.split, dtype=self.x.real.dtype, device=self.x.device)
        return (Term(Quadratic(weight, self.x), Identity(shape)),)


def _fitted(problem: Problem, x: Tensor, split: float) -> Tensor:
    """argmin_v Σ ½‖(A v − y)/s‖² + (split/2)‖v − x‖², by conjugate gradients from x."""
    near, solver = Problem.from_terms(problem.once(_squares), _Near(x, split)), ConjugateGradient()
    state = solver.init(near, x, torch.Generator())
    least = ACCURACY**2 * state.rr
    for _ in range(INNER):
        if bool(state.rr <= least):
            break
        state = solver.step(near, state)
    return state.x


def _squares(problem: Problem) -> tuple[DataTerm, ...]:
    """The measurements with Gaussian noise of the variances s²."""
    parts = {d: 2 if d.y.is_complex() else 1 for d in problem.data_terms}
    return tuple(DataTerm(d.operator, d.noise.signal(d.y), Gaussian((_variance(d) / parts[d]).sqrt())) for d in parts)


def _variance(d: DataTerm) -> Tensor:
    """s², at least a small share of its mean: where no photon came it is estimated as 0."""
    return d.variance.clamp(min=QUIET * float(d.variance.mean()))


def _sum(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum(0)
