"""Adam and Muon: the update, the guard, the average, purity."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from invprior import Functional, Generator, InvpriorError, Prior, Problem, noise, solve, solvers, stop
from invprior.data_term import DataTerm
from invprior.operator import Operator
from invprior.operators import Identity, Lanczos
from invprior.priors import DIP, TV, NoPrior
from invprior.solvers.descent import Descent
from invprior.solvers.muon import orthogonalise
from tests.helpers import photograph, psnr, randn


class Tiny(Generator):
    """A matrix, a bias and a normalisation with running statistics."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.linear = nn.Linear(4, torch.Size(shape).numel())
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("z", torch.linspace(-1, 1, 12).reshape(3, 4))

    constants = frozenset({"z"})
    z: Tensor

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        z = self.z if rng is None else self.z + 0.05 * torch.randn(3, 4, generator=rng, dtype=self.z.dtype)
        out: Tensor = self.linear(self.norm(z)).mean(0)
        return out.reshape(self.shape)


class TinyPrior(Prior):
    parametrised = True

    def generator(self, shape: tuple[int, ...], rng: torch.Generator) -> Generator:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=rng)))
            return Tiny(shape)


def problem(prior: Prior, size: int = 6) -> Problem:
    y = photograph(size=size)[:1].float()
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)


@pytest.fixture(params=[solvers.Adam(), solvers.Muon()], ids=["Adam", "Muon"])
def solver(request: pytest.FixtureRequest) -> Descent:
    chosen: Descent = request.param
    return chosen


def test_adam_is_torchs_adam() -> None:
    p = problem(NoPrior())
    x = torch.zeros_like(p.data_terms[0].y).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.03)
    for _ in range(25):
        optimizer.zero_grad()
        (p.objective(x) / p.size).backward()
        optimizer.step()
    ours = solve(p, solvers.Adam(lr=0.03), x0=torch.zeros_like(x), stop=stop.MaxIterations(25))
    assert torch.allclose(ours.x, x.detach(), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 5, 40), (2, 40, 5)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, ...]) -> None:
    values = torch.linalg.svdvals(orthogonalise(randn(*shape), 5))
    assert float(values.min()) > 0.3
    assert float(values.max()) < 1.3
    assert not orthogonalise(torch.zeros(shape), 5).any()


def test_muon_moves_matrices_by_orthogonal_steps_and_the_rest_as_adam() -> None:
    p = problem(TinyPrior())
    adam, muon = solvers.Adam(lr=0.01), solvers.Muon(lr=0.02, adam_lr=0.01)
    start = muon.init(p, None, torch.Generator().manual_seed(0))
    a, m = adam.step(p, start), muon.step(p, start)
    n = 4 * 36  # linear.weight comes first
    assert torch.allclose(a.weights.theta[n:], m.weights.theta[n:])
    moved = (m.weights.theta - start.weights.theta)[:n].reshape(36, 4)
    values = torch.linalg.svdvals(moved)
    assert float(values.max()) < 1.3 * 0.02 * 3  # √(36/4)


def test_muon_in_bfloat16_keeps_weights_and_moments_in_float32() -> None:
    p = problem(TinyPrior())
    exact, rough = solvers.Muon(), solvers.Muon(precision="bfloat16")
    start = exact.init(p, None, torch.Generator().manual_seed(0))
    a, b = exact.step(p, start).weights, rough.step(p, start).weights
    assert b.theta.dtype == torch.float32
    assert all(torch.equal(x, y) for x, y in zip(a.moments, b.moments, strict=True))
    assert float((a.theta - b.theta).norm()) < 0.1 * float((a.theta - start.weights.theta).norm())


def test_a_step_is_pure(solver: Descent) -> None:
    p = problem(TinyPrior())
    state = solver.init(p, None, torch.Generator().manual_seed(0))
    theta, buffers = state.weights.theta.clone(), {k: v.clone() for k, v in state.weights.buffers.items()}
    first = solver.step(p, state)
    second = solver.step(p, state)
    assert torch.equal(first.weights.theta, second.weights.theta)
    assert torch.equal(state.weights.theta, theta)
    assert all(torch.equal(v, buffers[k]) for k, v in state.weights.buffers.items())
    assert not torch.equal(first.weights.buffers["norm.running_mean"], buffers["norm.running_mean"])


def test_bit_equal_for_a_seed_and_after_a_pause(solver: Descent) -> None:
    p = problem(TinyPrior())
    whole = solve(p, solver, stop=stop.MaxIterations(40), seed=7)
    again = solve(p, solver, stop=stop.MaxIterations(40), seed=7)
    part = solve(p, solver, stop=stop.MaxIterations(17), seed=7)
    rest = solve(p, solver, stop=stop.MaxIterations(40), state=part.state)
    other = solve(p, solver, stop=stop.MaxIterations(40), seed=8)
    assert torch.equal(whole.x, again.x)
    assert torch.equal(whole.x, rest.x)
    assert not torch.equal(whole.x, other.x)
    values = [(r["iteration"], r["value"]) for r in rest.history if r["iteration"] % 10 == 0]
    assert values == [(r["iteration"], r["value"]) for r in whole.history]


class Spike(Functional):
    """A quadratic that is not finite at its ``when``-th evaluation: an explosion on demand."""

    def __init__(self, y: Tensor, when: int, factor: float) -> None:
        self.y, self.when, self.factor, self.calls = y, when, factor, 0

    def __call__(self, u: Tensor) -> Tensor:
        self.calls += 1
        value = (u - self.y).square().sum()
        return value * self.factor if self.calls == self.when else value


class SpikeNoise(noise.Gaussian):
    def nll(self, y: Tensor) -> Functional:  # type: ignore[override]
        return Spike(y, when=30, factor=float(self.sigma))


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e4])
def test_the_guard_puts_back_weights_moments_and_buffers(factor: float, solver: Descent) -> None:
    y = photograph(size=6)[:1].float()
    spiky = object.__new__(SpikeNoise)
    object.__setattr__(spiky, "sigma", factor)
    p = Problem.from_terms([DataTerm(Identity(y.shape), y, spiky)], TinyPrior())
    guarded = replace(solver, guard_every=10)
    states = [guarded.init(p, None, torch.Generator().manual_seed(0))]
    for _ in range(30):
        states.append(guarded.step(p, states[-1]))
    safe, restored = states[20], states[30]
    assert float(restored.recoveries) == 1
    assert float(restored.lr_scale) == 0.5
    assert torch.equal(restored.weights.theta, safe.weights.theta)
    assert all(torch.equal(a, b) for a, b in zip(restored.weights.moments, safe.weights.moments, strict=True))
    assert restored.weights.buffers
    assert all(torch.equal(v, safe.weights.buffers[k]) for k, v in restored.weights.buffers.items())
    assert not torch.equal(states[29].weights.theta, safe.weights.theta)
    after = guarded.step(p, restored)
    assert bool(after.weights.theta.isfinite().all())
    assert float(after.recoveries) == 1


def test_the_average_leaves_out_warm_up_and_diverged_frames() -> None:
    y = photograph(size=6)[:1].float()
    spiky = object.__new__(SpikeNoise)
    object.__setattr__(spiky, "sigma", float("nan"))
    p = Problem.from_terms([DataTerm(Identity(y.shape), y, spiky)], TinyPrior())
    s = solvers.Adam(lr=0.01, average=0.9, average_from=5)
    state = s.init(p, None, torch.Generator().manual_seed(0))
    expected, count = torch.zeros_like(y), 0
    for k in range(1, 41):
        state = s.step(p, state)
        if k > 5 and k != 30:
            share = max(1 / (count + 1), 0.1)
            expected, count = expected + share * (state.x - expected), count + 1
    assert torch.allclose(s.estimate(state), expected, atol=1e-6)
    assert int(state.averaged) == count == 34


def test_without_average_the_estimate_has_no_jitter() -> None:
    p = problem(TinyPrior())
    s = solvers.Adam()
    state = s.init(p, None, torch.Generator().manual_seed(0))
    for _ in range(3):
        state = s.step(p, state)
    g = TinyPrior().generator(p.shape, torch.Generator().manual_seed(0))
    assert isinstance(g, Tiny)
    assert torch.equal(s.estimate(state), s.estimate(state))
    assert not torch.equal(s.estimate(state), state.x)


def test_adam_solves_what_nothing_else_can() -> None:
    class Clip(Operator):
        def forward(self, x: Tensor) -> Tensor:
            return x.clamp(max=0.6)

    clean = photograph(size=16).float()
    A = Clip(clean.shape, clean.shape)
    p = Problem(A, A(clean), noise=noise.Gaussian(0.05), prior=1.0 * TV())
    r = solve(p, stop=stop.MaxIterations(100))
    assert isinstance(r.solver, solvers.Adam)
    assert r.history[-1]["value"] < 0.5 * r.history[0]["value"]


def test_pixels_in_float64_stay_float64() -> None:
    y = photograph(size=8)
    r = solve(
        Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=NoPrior()),
        solvers.Adam(),
        stop=stop.MaxIterations(3),
    )
    assert r.x.dtype == torch.float64


@pytest.mark.parametrize("setting", [{"lr": 0.0}, {"average": 1.0}, {"average": -0.1}])
def test_bad_settings_are_named(setting: dict[str, float]) -> None:
    with pytest.raises(InvpriorError, match=r"learning rate must be positive|must lie in \[0, 1\)"):
        solvers.Adam(**setting)  # type: ignore[arg-type]


def test_dip_restores_a_photograph_and_tv_beside_it_smooths() -> None:
    clean = photograph(size=64, top=20, left=100).float()
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    results = {}
    for name, prior in {"dip": DIP(), "both": DIP() + 40.0 * TV()}.items():
        p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)
        results[name] = solve(p, stop=stop.MaxIterations(40))
    assert isinstance(results["dip"].solver, solvers.Restarts)
    assert psnr(results["dip"].x, clean) > psnr(y, clean) + 3
    tv = TV().terms((3, 64, 64))[0]
    assert float(tv(results["both"].x)) < 0.7 * float(tv(results["dip"].x))


def test_dip_fits_through_an_operator() -> None:
    clean = photograph(size=32).float()
    A = Lanczos(clean.shape, 2)
    p = Problem(A, A(clean), noise=noise.Gaussian(0.01), prior=DIP(task="upscale"))
    r = solve(p, stop=stop.MaxIterations(20))
    assert r.history[-1]["value"] < r.history[0]["value"]
    assert r.x.shape == clean.shape
