"""The loop: which solver, when it stops, what it keeps, how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from invprior import DataTerm, InvpriorError, Operator, Prior, Problem, State, noise, priors, solve, solvers, stop
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import DIP, TV, NoPrior
from invprior.solvers.loop import choose
from invprior.stop import Verdict
from invprior.stop.base import Status
from tests.helpers import photograph, randn

SHAPE = (1, 12, 12)


class Square(Operator):
    def __init__(self) -> None:
        super().__init__(SHAPE, SHAPE)

    def forward(self, x: Tensor) -> Tensor:
        return x.square()


def tv_problem(weight: float = 5.0) -> Problem:
    y = noise.Gaussian(0.1).sample(photograph(size=12)[:1], torch.Generator().manual_seed(0))
    return Problem(Identity(SHAPE), y, noise=noise.Gaussian(0.1), prior=weight * TV())


@pytest.mark.parametrize(
    ("operator", "prior", "expected"),
    [
        (Identity(SHAPE), NoPrior(), solvers.ConjugateGradient),
        (Lanczos(SHAPE, 2), NoPrior(), solvers.ConjugateGradient),
        (Lanczos(SHAPE, 2), TV(), solvers.PDHG),
        (Square(), NoPrior(), solvers.Adam),
        (Square(), TV(), solvers.Adam),
        (Identity(SHAPE), DIP("paper"), solvers.Adam),
        (Identity(SHAPE), DIP("fast") + 0.1 * TV(), solvers.Restarts),
        (Identity(SHAPE), DIP("fast", "inpaint"), solvers.Muon),
    ],
)
def test_the_solver_that_suits_is_picked(operator: Operator, prior: Any, expected: type) -> None:
    problem = Problem(operator, torch.rand(operator.out_shape), noise=noise.Gaussian(0.1), prior=prior)
    assert type(choose(problem).solver) is expected


@pytest.mark.parametrize(
    ("solver", "operator", "prior", "message"),
    [
        (solvers.PDHG(), Identity(SHAPE), DIP(), r"PDHG .* take solvers.Adam\(\) or solvers.Muon\(\)"),
        (solvers.PDHG(), Square(), TV(), r"PDHG needs linear operators, and Square.*; take solvers.Adam\(\)"),
        (solvers.ConjugateGradient(), Square(), NoPrior(), r"needs linear operators.*take solvers.Adam\(\)"),
        (solvers.ConjugateGradient(), Identity(SHAPE), TV(), r"needs quadratic terms.*take solvers.PDHG\(\)"),
        (solvers.ConjugateGradient(), Identity(SHAPE), DIP(), r"cannot fit DIP.*take solvers.Adam\(\)"),
    ],
)
def test_a_mismatch_names_the_solver_to_take(solver: Any, operator: Operator, prior: Any, message: str) -> None:
    problem = Problem(operator, torch.rand(operator.out_shape), noise=noise.Gaussian(0.1), prior=prior)
    with pytest.raises(InvpriorError, match=message):
        solve(problem, solver)


def test_objective_is_the_likelihood_plus_the_weighted_prior() -> None:
    p, x = tv_problem(5.0), randn(*SHAPE)
    y = p.data_terms[0].y
    expected = (x - y).square().sum() / (2 * 0.01) + 5.0 * TV().terms(SHAPE)[0](x)
    assert torch.allclose(p.objective(x), expected)


@pytest.mark.parametrize("solver", [solvers.PDHG(), solvers.Adam()])
def test_resumed_is_uninterrupted(solver: Any) -> None:
    p = tv_problem()
    whole = solve(p, solver, stop=stop.MaxIterations(50))
    part = solve(p, solver, stop=stop.MaxIterations(23))
    kept = part.x.clone()
    rest = solve(p, solver, stop=stop.MaxIterations(50), state=part.state)
    again = solve(p, solver, stop=stop.MaxIterations(50), state=part.state)
    assert torch.equal(whole.x, rest.x)
    assert torch.equal(rest.x, again.x)
    assert torch.equal(part.x, kept)
    assert rest.iterations == 50
    assert rest.seconds >= part.seconds


@dataclass(frozen=True)
class KeepAt(stop.StopRule):
    """Keeps one iterate and stops later; remembers how many it saw."""

    keep: int
    end: int

    def update(self, memory: Any, iterate: stop.IterateLike) -> tuple[Any, Verdict]:
        seen = (memory or 0) + 1
        status = Status("mine", f"saw {seen}") if seen == self.end else None
        return seen, Verdict(status, iterate.iteration == self.keep)


def test_a_rule_chooses_what_is_kept() -> None:
    p = tv_problem()
    r = solve(p, solvers.PDHG(), stop=KeepAt(7, 12))
    assert (r.kept, r.iterations, r.status.name) == (7, 12, "mine")
    assert torch.equal(r.x, solve(p, solvers.PDHG(), stop=stop.MaxIterations(7)).x)


def test_joined_rules_stop_with_the_first_and_keep_what_one_wants() -> None:
    p = tv_problem()
    joined = KeepAt(7, 100) | stop.MaxIterations(9)
    r = solve(p, solvers.PDHG(), stop=joined)
    assert (r.kept, r.iterations, r.status.name) == (7, 9, "max_iterations")
    assert joined.most == 9
    assert repr(joined) == "KeepAt(keep=7, end=100) | MaxIterations(n=9)"


def test_a_rules_memory_survives_a_pause_and_a_changed_limit() -> None:
    p = tv_problem()
    part = solve(p, solvers.PDHG(), stop=KeepAt(3, 12) | stop.MaxIterations(5))
    rest = solve(p, solvers.PDHG(), stop=KeepAt(3, 12) | stop.MaxIterations(99), state=part.state)
    assert (rest.iterations, rest.kept, rest.status.name) == (12, 3, "mine")


def test_discrepancy_stops_at_the_noise_level() -> None:
    y = noise.Gaussian(0.1).sample(photograph(size=32).float(), torch.Generator().manual_seed(0))
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=NoPrior())
    r = solve(
        p,
        solvers.Adam(lr=0.01),
        x0=torch.full_like(y, 0.5),
        stop=stop.Discrepancy(every=1, min_start=1) | stop.MaxIterations(500),
    )
    assert r.status.name == "converged"
    assert float((r.x - y).square().mean().sqrt()) == pytest.approx(0.1, rel=0.15)


def test_callbacks_see_every_iteration() -> None:
    seen: list[tuple[int, float]] = []
    r = solve(
        tv_problem(),
        stop=stop.MaxIterations(13),
        callbacks=[lambda it: seen.append((it.iteration, it.value))],
    )
    assert [k for k, _ in seen] == list(range(1, 14))
    assert [row["iteration"] for row in r.history] == [10, 13]
    assert {"value", "gap", "seconds"} <= r.history[0].keys()
    assert r.history[0]["value"] == seen[9][1]


def test_a_solve_that_blows_up_says_diverged() -> None:
    p = Problem(Square(), torch.rand(SHAPE), noise=noise.Gaussian(0.1), prior=NoPrior())
    r = solve(p, solvers.Adam(), x0=torch.full(SHAPE, 1e30), stop=stop.MaxIterations(50))
    assert r.status.name == "diverged"
    assert r.iterations == 10


def test_wrong_starts_are_named() -> None:
    p = tv_problem()
    state = solve(p, stop=stop.MaxIterations(1)).state
    with pytest.raises(InvpriorError, match="x0 to start anew or state to go on"):
        solve(p, x0=torch.zeros(SHAPE, dtype=torch.float64), state=state)
    with pytest.raises(InvpriorError, match=r"x0 takes shape \(\.\.\., 1, 12, 12\)"):
        solve(p, x0=torch.zeros(3, 3, dtype=torch.float64))
    dip = Problem(Identity(SHAPE), torch.rand(SHAPE), noise=noise.Gaussian(0.1), prior=DIP())
    with pytest.raises(InvpriorError, match="starts from random weights; drop x0"):
        solve(dip, x0=torch.zeros(SHAPE))
    batch = Problem(Identity(SHAPE), torch.rand(2, *SHAPE), noise=noise.Gaussian(0.1), prior=DIP())
    with pytest.raises(InvpriorError, match="fits one image at a time"):
        solve(batch)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (torch.zeros(1, 12, 11), r"a measurement of Identity.*takes shape"),
        (torch.full(SHAPE, float("nan")), "holds NaN or infinite values"),
    ],
)
def test_a_bad_measurement_is_named(y: Tensor, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        Problem(Identity(SHAPE), y, noise=noise.Gaussian(0.1), prior=NoPrior())


def test_terms_must_measure_one_image() -> None:
    g = noise.Gaussian(0.1)
    one = DataTerm(Identity(SHAPE), torch.zeros(SHAPE), g)
    with pytest.raises(InvpriorError, match="must measure one image"):
        Problem.from_terms([one, DataTerm(Identity((2, 2)), torch.zeros(2, 2), g)], NoPrior())
    with pytest.raises(InvpriorError, match="share dtype and device"):
        Problem.from_terms([one, DataTerm(Identity(SHAPE), torch.zeros(SHAPE).double(), g)], NoPrior())
    with pytest.raises(InvpriorError, match="at least one data term"):
        Problem.from_terms([], NoPrior())
    with pytest.raises(InvpriorError, match=r"prior must be a Prior, got float 0.1; take priors.NoPrior\(\)"):
        Problem.from_terms([one], 0.1)  # type: ignore[arg-type]


def test_the_start_undoes_the_scale_of_the_operator() -> None:
    x = photograph(size=12)[:1]
    A = 1e3 * Mask(SHAPE, torch.ones(12, 12, dtype=torch.bool))
    p = Problem(A, A(x), noise=noise.Gaussian(0.1), prior=NoPrior())
    assert torch.allclose(p.start(), x)


@dataclass(frozen=True)
class Descending(solvers.Solver[State]):
    """All that a solver must have."""

    lr: float = 0.005

    def init(self, problem: Problem, x0: Any, rng: torch.Generator) -> State:
        return State(0, problem.start() if x0 is None else x0)

    def step(self, problem: Problem, state: State) -> State:
        return State(state.iteration + 1, state.x - self.lr * problem.gradient(state.x))


def test_a_solver_is_init_and_step() -> None:
    p = Problem(Identity(SHAPE), randn(*SHAPE), noise=noise.Gaussian(0.1), prior=priors.Tikhonov())
    result = solve(p, Descending())
    assert result.status.name == "max_iterations"
    assert torch.allclose(result.x, solve(p).x, atol=1e-4)
    on = solve(p, Descending(), stop=stop.MaxIterations(1010), state=result.state)
    assert on.iterations == 1010
    with pytest.raises(InvpriorError, match=r"Descending cannot fit DIP.*take solvers\.Adam"):
        solve(Problem(Identity(SHAPE), randn(*SHAPE), noise=noise.Gaussian(0.1), prior=DIP()), Descending())


def test_mistakes_of_a_new_solver_are_named() -> None:
    class Still(Descending):
        def step(self, problem: Problem, state: State) -> State:
            return state

    class Bare(Descending):
        def init(self, problem: Problem, x0: Any, rng: torch.Generator) -> Any:
            return problem.start()

    class Unrecorded(Descending):
        def step(self, problem: Problem, state: State) -> State:
            torch.autograd.grad(problem.objective(state.x), state.x)
            return state

    p = tv_problem()
    for solver, message in (
        (Still(), r"step returns the State of iteration 1.*got iteration 0"),
        (Bare(), r"init returns a State, such as State\(0, problem\.start\(\)\), got tensor"),
        (Unrecorded(), r"asks for a gradient that nothing recorded; take problem\.gradient\(x\)"),
    ):
        with pytest.raises(InvpriorError, match=message):
            solve(p, solver)


def test_a_solve_hangs_on_no_graph() -> None:
    psf = torch.rand(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    y = randn(*SHAPE).requires_grad_()
    for prior, solver in ((TV(), None), (NoPrior(), None), (TV(), solvers.Adam()), (NoPrior(), Descending())):
        p = Problem(Blur(SHAPE, psf), y, noise=noise.Gaussian(0.1), prior=prior)
        result = solve(p, solver, stop=stop.MaxIterations(3))
        assert not result.x.requires_grad
        assert result.state.solver_state.x.grad_fn is None


def test_what_is_no_prior_is_named() -> None:
    term = TV().terms(SHAPE)[0]

    class Bare(priors.NoPrior):
        def terms(self, shape: Any) -> Any:
            return term

    for prior, message in (
        (term, r"got Term L21.*subclass of Prior whose terms\(shape\) returns it"),
        (Bare(), r"terms returns a tuple of terms, as \(term,\), got L21"),
    ):
        unknown: Any = prior
        with pytest.raises(InvpriorError, match=message):
            Problem(Identity(SHAPE), randn(*SHAPE), noise=noise.Gaussian(0.1), prior=unknown)


@pytest.mark.parametrize("prior", [NoPrior(), 10 * TV()], ids=str)
def test_a_solve_keeps_the_precision_of_the_data_under_autocast(prior: Prior) -> None:
    A = Blur(SHAPE, torch.ones(3, 3) / 9)
    problem = Problem(A, A(torch.rand(SHAPE)), noise=noise.Gaussian(0.05), prior=prior)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = solve(problem, stop=stop.MaxIterations(5)).x
    assert torch.equal(inside, solve(problem, stop=stop.MaxIterations(5)).x)
