"""The automatic weights against the best one, which only the test may know, and against their definitions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy.optimize import brentq
from torch import Tensor

from invprior import InvpriorError, LinearOperator, Operator, Problem, noise, solve, stop, weight
from invprior.data_term import DataTerm
from invprior.operators import Blur, Crop, FiniteDifference, Identity, Lanczos, Mask
from invprior.priors import DIP, TV, NoPrior, Tikhonov
from invprior.solvers.result import Result
from invprior.weight import path
from tests.helpers import photograph, psnr, randn

Rule = Callable[[Problem], weight.Choice]


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2])
def test_least_sure_is_near_the_best_weight(sigma: float) -> None:
    clean = photograph(size=96, top=20, left=100).float()
    y = noise.Gaussian(sigma).sample(clean, torch.Generator().manual_seed(0))

    def quality(w: float) -> float:
        return psnr(solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=w * TV())).x, clean)

    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=TV()))
    best = max(quality(w) for w in (4.0, 5.5, 7.5, 10.0, 13.5, 18.0, 25.0))
    assert quality(choice.weight) > best - 0.2
    assert choice.rule == "least Monte-Carlo SURE"
    assert len(choice.tried) >= 3


def test_a_quadratic_prior_gets_its_weight_too() -> None:
    clean = photograph(size=64, top=20, left=100).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))

    def quality(w: float) -> float:
        problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=w * Tikhonov())
        return psnr(solve(problem).x, clean)

    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=Tikhonov()))
    assert quality(choice.weight) > max(quality(w) for w in (20.0, 40.0, 80.0, 120.0, 180.0, 270.0)) - 0.2


def test_sure_estimates_the_true_risk() -> None:
    clean = photograph(size=96, top=20, left=100).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV()))
    for w, risk in choice.tried:
        x = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=w * TV())).x
        assert risk == pytest.approx(float((x - clean).square().mean()), rel=0.15)


RULES = [weight.auto, weight.discrepancy]


@pytest.mark.parametrize("rule", RULES)
def test_without_noise_the_typical_weight_is_taken(rule: Rule) -> None:
    x = photograph(size=32).float()
    A = Lanczos(x.shape, 2)
    choice = rule(Problem(A, A(x), noise=noise.Gaussian(0.001), prior=TV()))
    assert choice.weight == weight.TYPICAL
    assert choice.tried == ()


@pytest.mark.parametrize("rule", RULES)
def test_what_has_no_automatic_weight_says_so(rule: Rule) -> None:
    x = torch.rand(3, 16, 16)
    with pytest.raises(InvpriorError, match="give a weight"):
        rule(Problem(Identity(x.shape), x, noise=noise.Gaussian(0.1), prior=DIP() + TV()))
    with pytest.raises(InvpriorError, match="needs Gaussian or photon noise; give a weight"):
        rule(Problem(Identity(x.shape), x, noise=noise.Laplace(0.1), prior=TV()))
    assert rule(Problem(Identity(x.shape), x, noise=noise.Gaussian(0.1), prior=NoPrior())).weight == 1.0


@pytest.mark.parametrize("rule", RULES)
def test_a_solve_begins_with_the_image_of_the_last(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=64, top=20, left=100).float(), torch.Generator().manual_seed(0))
    made: list[int] = []
    scratch: list[int] = []

    def counted(problem: Problem, **options: Any) -> Result:
        scratch.append(solve(problem, stop=options["stop"]).iterations)
        result = solve(problem, **options)
        made.append(result.iterations)
        return result

    monkeypatch.setattr(path, "solve", counted)
    rule(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV()))
    assert made[0] == scratch[0]
    assert all(a <= b for a, b in zip(made, scratch, strict=True))
    assert sum(made) < sum(scratch)


def test_discrepancy_of_a_quadratic_prior_against_its_closed_form() -> None:
    shape, sigma = (3, 12, 12), 0.1
    A = Mask(shape, torch.rand(12, 12, generator=torch.Generator().manual_seed(3)) > 0.3)
    y = noise.Gaussian(sigma).sample(A(photograph(size=12)), torch.Generator().manual_seed(1))
    known = A.known.expand(shape).flatten()
    matrix, D = A.to_dense(), FiniteDifference(shape).to_dense()

    def excess(log_c: float) -> float:
        x = torch.linalg.solve(matrix.T @ matrix + 2.718281828**log_c * sigma**2 * D.T @ D, matrix.T @ y.flatten())
        return float((matrix @ x - y.flatten())[known].square().mean()) - sigma**2

    exact = 2.718281828 ** brentq(excess, -5, 12)
    choice = weight.discrepancy(Problem(A, y, noise=noise.Gaussian(sigma), prior=Tikhonov()))
    assert choice.weight == pytest.approx(exact, rel=0.02)
    assert choice.rule == "discrepancy principle"


MODELS = [noise.Gaussian(0.1), noise.Poisson(0.02), noise.PoissonGaussian(0.02, 0.05, 0.1)]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("factor", [1, 2])
def test_discrepancy_leaves_as_much_residual_as_there_is_noise(model: noise.Noise, factor: int) -> None:
    clean = photograph(size=64, top=20, left=100)
    A = Lanczos(clean.shape, factor) if factor > 1 else Identity(clean.shape)
    y = model.sample(A(clean), torch.Generator().manual_seed(0))
    choice = weight.discrepancy(Problem(A, y, noise=model, prior=TV()))
    problem = Problem(A, y, noise=model, prior=choice.weight * TV())
    x = solve(problem, stop=stop.RelativeGap(1e-5) | stop.MaxIterations(3000)).x
    offset = model.offset if isinstance(model, noise.PoissonGaussian) else 0.0
    level = float(model.variance(y - offset).mean())
    assert float((A(x) + offset - y).square().mean()) == pytest.approx(level, rel=0.02)


@pytest.mark.parametrize("known", [1.0, 0.5, 0.25])
def test_the_discrepancy_counts_known_pixels_alone(known: float) -> None:
    """Whatever the share of holes, the known pixels are left with the residual of the noise."""
    clean = photograph(size=48, top=20, left=100)
    A = Mask(clean.shape, torch.rand(48, 48, generator=torch.Generator().manual_seed(2)) < known)
    y = noise.Gaussian(0.1).sample(A(clean), torch.Generator().manual_seed(0))
    choice = weight.discrepancy(Problem(A, y, noise=noise.Gaussian(0.1), prior=TV()))
    problem = Problem(A, y, noise=noise.Gaussian(0.1), prior=choice.weight * TV())
    x = solve(problem, stop=stop.RelativeGap(1e-5) | stop.MaxIterations(3000)).x
    seen = A.known.expand_as(y)
    assert float((x - y)[seen].square().mean()) / 0.1**2 == pytest.approx(1, rel=0.02)
    # and the rule that stops a solve looks at the same figure
    iterate = SimpleNamespace(iteration=100, problem=problem, latest=x)
    ratio, _ = stop.Discrepancy().update(None, iterate)
    assert ratio == problem.discrepancy(x) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("B", [Blur((3, 24, 24), torch.ones(3, 3, dtype=torch.float64) / 9), Identity((3, 24, 24))])
def test_what_an_operator_does_not_see_is_known_through_compositions(B: LinearOperator) -> None:
    known = torch.rand(24, 24, generator=torch.Generator().manual_seed(2)) < 0.5
    A = 2 * (Mask(B.out_shape, known) @ B)
    y = torch.ones(A.out_shape, dtype=torch.float64)  # also in the holes, where nothing was measured
    d = DataTerm(A, y, noise.Gaussian(0.1))
    assert torch.equal(d.observed, known.expand_as(y))
    assert d.expected_misfit == pytest.approx(0.01 * 3 * int(known.sum()))
    assert d.sigma == pytest.approx(0.1)
    assert bool((d.residual(torch.zeros(3, 24, 24, dtype=torch.float64)) == known).all())


def test_discrepancy_smooths_more_than_least_sure() -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=64, top=20, left=100).float(), torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV())
    assert weight.discrepancy(problem).weight > 1.2 * weight.auto(problem).weight


def test_discrepancy_says_where_it_found_no_weight() -> None:
    y = photograph(size=16)
    flat = weight.discrepancy(Problem(Identity(y.shape), y, noise=noise.Gaussian(1.0), prior=TV()))
    assert flat.rule == (
        "discrepancy principle: the largest weight tried, since the residual stays below the noise level"
    )
    assert flat.weight == max(w for w, _ in flat.tried) > 1e4
    D = FiniteDifference(y.shape)  # of no picture: most of its values contradict each other
    rough = weight.discrepancy(Problem(D, randn(*D.out_shape), noise=noise.Gaussian(0.1), prior=TV()))
    assert rough.rule.endswith("the least weight tried, since the residual stays above the noise level")
    assert rough.weight == min(w for w, _ in rough.tried) < 0.1


@pytest.mark.parametrize("rule", RULES)
def test_two_measurements_of_one_picture_are_weighed_as_their_mean(rule: Rule) -> None:
    clean = photograph(size=64, top=20, left=100).float()
    rng = torch.Generator().manual_seed(0)
    halves = [noise.Gaussian(0.1 * 2**0.5).sample(clean, rng) for _ in range(2)]
    terms = [DataTerm(Identity(clean.shape), y, noise.Gaussian(0.1 * 2**0.5)) for y in halves]
    mean = Problem(Identity(clean.shape), (halves[0] + halves[1]) / 2, noise=noise.Gaussian(0.1), prior=TV())
    assert rule(Problem.from_terms(terms, TV())).weight == pytest.approx(rule(mean).weight, rel=0.25)


@pytest.mark.parametrize("rule", RULES)
def test_every_measurement_counts_by_its_size(rule: Rule) -> None:
    clean = photograph(size=64, top=20, left=100).float()
    rng = torch.Generator().manual_seed(0)
    corner = Crop(clean.shape, 0, 0, 6, 6)
    small = DataTerm(corner, noise.Gaussian(0.5).sample(corner(clean), rng), noise.Gaussian(0.5))
    whole = DataTerm(Identity(clean.shape), noise.Gaussian(0.1).sample(clean, rng), noise.Gaussian(0.1))
    alone, both = (rule(Problem.from_terms(t, TV())).weight for t in ((whole,), (small, whole)))
    assert both == pytest.approx(alone, rel=0.25)


def test_the_probe_is_not_the_noise() -> None:
    """A measurement drawn from seed 0 and a weight chosen with seed 0 know nothing of one another."""
    clean = photograph(size=24, top=20, left=100)
    y = noise.Gaussian(0.05).sample(clean, torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.05), prior=TV())
    same, *others = (weight.auto(problem, seed=s).weight for s in range(4))
    assert same == pytest.approx(sum(others) / 3, rel=0.3)


class Gamma(Operator):
    """A camera's curve."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(min=1e-4).sqrt()

    def start(self, y: Tensor) -> Tensor:
        return y.square()


def test_the_weight_of_a_nonlinear_problem_is_chosen_by_what_is_held_out() -> None:
    clean = photograph(size=24, top=20, left=100).float()[1:2]
    A, model = Gamma(tuple(clean.shape)), noise.Gaussian(0.1)
    y = model.sample(A(clean), torch.Generator().manual_seed(0))

    def quality(w: float) -> float:
        return psnr(solve(Problem(A, y, noise=model, prior=w * TV()), stop=stop.MaxIterations(300)).x, clean)

    problem = Problem(A, y, noise=model, prior=TV())
    choice = weight.auto(problem)
    assert quality(choice.weight) > max(quality(w) for w in (4.0, 9.0, 20.0)) - 0.5
    assert choice.rule == "least error on 5% of the measured values, which were held out"


def test_a_nonlinear_problem_starts_where_its_operator_says() -> None:
    clean = 40 + 20 * photograph(size=16).float()
    problem = Problem(Gamma(tuple(clean.shape)), clean.sqrt(), noise=noise.Gaussian(0.01), prior=TV())
    assert torch.allclose(problem.start(), clean, rtol=1e-5)
    assert problem.values.low < float(clean.min()) < float(clean.max()) < problem.values.high
    assert torch.allclose(problem.flat(), clean.mean().expand(clean.shape), rtol=1e-4)

    class Wrong(Gamma):
        def start(self, y: Tensor) -> Tensor:
            return y[..., 0]

    wrong = Problem(Wrong(tuple(clean.shape)), clean.sqrt(), noise=noise.Gaussian(0.01), prior=TV())
    with pytest.raises(InvpriorError, match=r"the start of Wrong.* takes shape"):
        wrong.start()


@pytest.mark.parametrize("rule", [weight.auto, weight.discrepancy])
def test_a_limit_bounds_every_solve_of_the_search(
    rule: Callable[..., weight.Choice], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def counted(*given: Any, **settings: Any) -> Any:
        result = solve(*given, **settings)
        taken.append(result.iterations)
        return result

    monkeypatch.setattr("invprior.weight.path.solve", counted)
    y = noise.Gaussian(0.1).sample(photograph(size=24).float(), torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=TV())
    rule(problem)
    assert max(taken) > 3
    taken.clear()
    rule(problem, iterations=3)
    assert max(taken) == 3
    with pytest.raises(InvpriorError, match="iterations takes a whole number of 1 or more"):
        rule(problem, iterations=0)
