"""Values kept back: the fit does not see them, the rule does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, Noise, Problem, noise, solve, solvers, stop, weight
from invprior.noise import Laplace, Poisson
from invprior.operators import Identity, Lanczos
from invprior.priors import TV, NoPrior
from invprior.stop.held_out import PartlyFitted, hold_out
from tests.helpers import photograph, randn


def problem(size: int = 16, model: Noise | None = None) -> Problem:
    y = photograph(size=size)
    return Problem(Identity(y.shape), y, noise=model or noise.Gaussian(0.1), prior=NoPrior())


def held(p: Problem) -> Tensor:
    (d,) = p.data_terms
    assert isinstance(d, PartlyFitted)
    return ~d.fitted


@pytest.mark.parametrize("model", [noise.Gaussian(0.1), Laplace(0.1), Poisson(0.05)], ids=lambda m: type(m).__name__)
def test_the_fit_does_not_see_what_is_kept_back(model: Noise) -> None:
    p = hold_out(problem(model=model), 0.1)
    x = (p.data_terms[0].y + 0.05).requires_grad_()
    (grad,) = torch.autograd.grad(p.objective(x), x)
    assert not grad[held(p)].any()
    full = problem(model=model)
    (whole,) = torch.autograd.grad(full.objective(x), x)
    assert torch.allclose(grad[~held(p)], whole[~held(p)])


def test_the_share_is_kept_back_at_random_and_by_the_seed() -> None:
    a, b, c = (held(hold_out(problem(), 0.25, seed=s)) for s in (0, 0, 1))
    assert int(a.sum()) == round(0.25 * a.numel())
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_the_proximal_map_and_the_conjugate_are_those_of_the_fitted_part() -> None:
    f = hold_out(problem(), 0.2).terms[0].functional
    u, v = randn(3, 16, 16), randn(3, 16, 16, seed=1)
    best = f.prox(u, 0.3)
    near = float(f(best) + (best - u).square().sum() / 0.6)
    for s in range(5):
        other = best + 0.01 * randn(3, 16, 16, seed=s)
        assert near <= float(f(other) + (other - u).square().sum() / 0.6)
    assert float(f.conj(v)) == torch.inf
    p = torch.where(held(hold_out(problem(), 0.2)), 0.0, v)
    assert float(f.conj(p)) >= float((u * p).sum() - f(u))
    assert float(f.conj(f_gradient(f, u))) == pytest.approx(float((u * f_gradient(f, u)).sum() - f(u)), rel=1e-9)


def f_gradient(f: object, u: Tensor) -> Tensor:
    u = u.clone().requires_grad_()
    (g,) = torch.autograd.grad(f(u), u)  # type: ignore[operator]
    out: Tensor = g
    return out


def test_total_variation_is_solved_as_before() -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=24), torch.Generator().manual_seed(0))
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=9.0 * TV())
    r = solve(hold_out(p, 0.05))
    assert r.status.name == "converged"
    assert float((r.x - solve(p).x).square().mean()) < 1e-3


def test_the_estimate_that_predicts_best_is_kept() -> None:
    clean = torch.linspace(0, 1, 32).expand(1, 32, 32)
    y = noise.Gaussian(0.2).sample(clean, torch.Generator().manual_seed(0))
    # every value is fitted apart from the others, so only the rule's own choice of the least can be tested here
    p = hold_out(Problem(Lanczos(y.shape, 1), y, noise=noise.Gaussian(0.2), prior=1e-6 * TV()), 0.2)
    (watched,) = p.data_terms
    assert isinstance(watched, PartlyFitted)
    errors: list[float] = []
    r = solve(
        p,
        solvers.Adam(lr=0.01),
        x0=torch.full_like(y, 0.5),
        stop=stop.HeldOut(patience=30, min_start=5, every=1) | stop.MaxIterations(400),
        callbacks=[lambda it: errors.append(watched.watched_error(it.x))],
    )
    assert r.kept == 1 + min(range(4, len(errors)), key=errors.__getitem__)


def test_without_values_kept_back_the_way_to_them_is_named() -> None:
    with pytest.raises(InvpriorError, match=r"solve stop\.hold_out\(problem\)"):
        solve(problem(), stop=stop.HeldOut())


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan"), 1e-6])
def test_a_share_that_leaves_nothing_is_refused(fraction: float) -> None:
    with pytest.raises(InvpriorError, match=r"(held|hold) out"):
        hold_out(problem(), fraction)


def test_no_iterate_and_no_weight_has_seen_what_was_held_out() -> None:
    """Other values in the place of those kept back change neither the start, nor the solve, nor the weight."""
    clean = photograph(size=24)
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    held = stop.hold_out(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=10 * TV()), 0.2)
    (d,) = held.data_terms
    assert isinstance(d, PartlyFitted)
    other = replace(d, y=torch.where(d.fitted, d.y, torch.rand_like(d.y)))
    for make in (
        lambda p: p.start(),
        lambda p: solve(p, stop=stop.MaxIterations(20)).x,
        lambda p: torch.tensor(weight.auto(Problem.from_terms(p.data_terms, TV())).weight),
        lambda p: torch.tensor(weight.discrepancy(Problem.from_terms(p.data_terms, TV())).weight),
    ):
        a, b = (make(Problem.from_terms([term], 10 * TV())) for term in (d, other))
        assert torch.equal(a, b)
    whole = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV())
    assert weight.auto(Problem.from_terms([d], TV())).weight == pytest.approx(weight.auto(whole).weight, rel=0.3)
