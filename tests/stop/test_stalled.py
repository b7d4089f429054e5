"""The rule that ends a solve whose duality gap falls no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from invprior import Functional, Prior, Problem, noise, operators, priors, solve, solvers, stop
from invprior.functional import Step, Term
from invprior.shapes import Shape
from invprior.stop import Stalled
from tests.helpers import photograph

NEARLY_EXACT = 0.0011
PROBLEM = Problem(operators.Identity((1, 4, 4)), torch.zeros(1, 4, 4), noise=noise.Gaussian(0.1), prior=priors.TV())


@dataclass
class Told:
    """An iterate of which only the gap is asked."""

    iteration: int
    gap: float | None
    value: float = 1.0
    scale: float = 1.0
    problem: Problem = PROBLEM


def ended(gaps: Sequence[float | None]) -> int | None:
    """The iteration at which the rule stops, given the gap of every tenth iteration."""
    memory = None
    for k, gap in enumerate(gaps, 1):
        memory, verdict = Stalled().update(memory, Told(10 * k, gap))  # type: ignore[arg-type]
        if verdict.stop is not None:
            return 10 * k
    return None


def test_a_gap_that_falls_as_slowly_as_first_order_methods_do_goes_on() -> None:
    assert ended([1 / k for k in range(1, 300)]) is None


def test_a_gap_that_stays_ends_the_solve_after_half_as_many_iterations() -> None:
    falling: list[float | None] = [0.5**k for k in range(40)]
    assert ended([*falling, *[0.5**39] * 200]) == 700  # 1.5 · 400 + 100
    assert ended([*falling, *([0.5**39, 0.5**38] * 100)]) == 700  # up and down is no fall


def test_a_gap_that_rests_far_from_zero_goes_on() -> None:
    assert ended([0.8] * 300) is None
    assert ended([1.1] * 30 + [0.01 / k for k in range(1, 300)]) is None


def test_a_gap_that_is_no_number_tells_nothing() -> None:
    assert ended([float("nan")] * 300) is None
    assert ended([1 / k for k in range(1, 60)] + [float("nan")] * 300) is None


@dataclass(frozen=True)
class Rounded(Functional):
    """√(u² + 0.01) − 0.1 with its proximal map by Newton's method, and no conjugate."""

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        return ((u.square() + 0.01).sqrt() - 0.1).sum()

    def prox(self, u: torch.Tensor, step: Step) -> torch.Tensor:
        v = u
        for _ in range(20):
            root = (v.square() + 0.01).sqrt()
            v = v - (v - u + step * v / root) / (1 + step * 0.01 / root**3)
        return v


@dataclass(frozen=True)
class Edges(Prior):
    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Rounded() @ operators.FiniteDifference(shape),)


def test_without_a_conjugate_the_objective_ends_the_solve() -> None:
    shape = (1, 32, 32)
    y = photograph(size=32)[:1].float() + 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    problem = Problem(operators.Identity(shape), y, noise=noise.Gaussian(0.1), prior=10 * Edges())
    result = solve(problem)
    assert isinstance(result.solver, solvers.PDHG)
    assert result.status.message == "the objective falls no more"
    assert "gap" not in result.history[-1]
    exact = solve(problem, stop=stop.MaxIterations(3000)).history[-1]["value"]
    assert result.history[-1]["value"] - exact < 1e-4 * abs(exact)


class NotBelow(Functional):
    """0 where u ≥ 0.2, else ∞, with its proximal map alone."""

    ordered = True

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        return torch.where((u < 0.2 - 1e-6).any(), torch.inf, 0.0).to(u)

    def prox(self, u: torch.Tensor, step: Step) -> torch.Tensor:
        return u.clamp(min=0.2)


class Slope(Functional):
    """Σ √(u² + 0.01) by its gradient alone; nothing for autograd to follow."""

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        return (u.detach().square() + 0.01).sqrt().sum()

    def gradient(self, u: torch.Tensor) -> torch.Tensor:
        return u / (u.square() + 0.01).sqrt()


@dataclass(frozen=True)
class Of(Prior):
    f: Functional
    differences: bool = False

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (self.f @ (operators.FiniteDifference(shape) if self.differences else operators.Identity(shape)),)


def test_a_constraint_of_ones_own_is_met_and_no_divergence() -> None:
    y = 0.5 * torch.rand(1, 16, 16, generator=torch.Generator().manual_seed(0))
    problem = Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=priors.TV() + Of(NotBelow()))
    result = solve(problem)
    assert result.status.name != "diverged"
    assert float(result.x.min()) > 0.2 - 1e-3
    exact = solve(
        Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=priors.TV() + priors.Box(0.2))
    )
    assert float((result.x - exact.x).abs().max()) < 0.01


@pytest.mark.parametrize("box", [False, True])
def test_a_gradient_of_ones_own_is_taken(box: bool) -> None:
    y = torch.rand(1, 16, 16, generator=torch.Generator().manual_seed(0))
    mine, known = 10 * Of(Slope(), True), 10 * Of(Rounded(), True)
    found = [
        solve(
            Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=p + priors.Box(0.0) if box else p)
        )
        for p in (mine, known)
    ]
    assert isinstance(found[0].solver, solvers.ProximalGradient)
    assert isinstance(found[1].solver, solvers.PDHG)
    assert float((found[0].x - found[1].x).abs().max()) < 0.01


def test_nearly_exact_data_end_at_the_minimum_before_the_limit() -> None:
    """The relative gap of single precision stays above 10⁻⁴ there; in double precision it is reached."""
    clean = photograph(size=48).float()
    A = operators.Lanczos(clean.shape, factor=2)
    model = noise.Gaussian(NEARLY_EXACT)
    y = model.sample(A(clean), torch.Generator().manual_seed(0))

    def problem(y: torch.Tensor) -> Problem:
        return Problem(A, y, noise=model, prior=(1e-5 / NEARLY_EXACT**2) * priors.TV())

    given = problem(y)
    single, most = solve(given), solve(given, stop=stop.MaxIterations(2000))
    assert "stays at" in single.status.message
    assert single.iterations < 2000
    assert float(given.objective(single.x)) == pytest.approx(float(given.objective(most.x)), rel=1e-5)
    double = solve(problem(y.double()), stop=stop.RelativeGap(1e-4) | stop.MaxIterations(6000))
    assert double.status.name == "converged"
    assert (double.x - single.x).abs().max() < 2e-3
