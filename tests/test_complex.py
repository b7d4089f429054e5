"""Real images from complex measurements, and complex images: the same answers as with real numbers."""

from __future__ import annotations

import cmath

import pytest
import torch
from torch import Tensor, nn

from invprior import Functional, InvpriorError, Prior, Problem, noise, solve, stop, weight
from invprior.functionals import L1, Quadratic, Shifted
from invprior.operators import Blur, Diagonal, Fourier, Identity, Mask
from invprior.priors import DIP, TGV, TV, Box, NoPrior, Tikhonov, Wavelet
from invprior.solvers import PDHG, Adam, ConjugateGradient, ProximalGradient, Tiled
from invprior.stop.variance import subset
from tests.helpers import photograph, randn

CLEAN = photograph(size=16, top=20, left=100)
OTHER = photograph(size=16, top=60, left=130)
COMPLEX = torch.complex(CLEAN, -0.5 * OTHER)
SIGMA = 0.05
TIGHT = stop.RelativeGap(1e-6) | stop.MaxIterations(1500)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def parts(z: Tensor) -> Tensor:
    """Real and imaginary parts as channels."""
    return torch.cat([z.real, z.imag])


@pytest.mark.parametrize("prior", [10 * TV(), 10 * TV() + Box(), 3 * Tikhonov(), 10 * Wavelet()], ids=str)
def test_a_real_image_from_its_spectrum(prior: Prior) -> None:
    """F is unitary and x real, so that ‖Fx − y‖² is ‖x − Re F⁻¹y‖² and a constant."""
    F = Fourier(CLEAN.shape)
    y = noise.Gaussian(SIGMA).sample(F(CLEAN), generator())
    found = solve(Problem(F, y, noise=noise.Gaussian(SIGMA), prior=prior), PDHG(), stop=TIGHT).x
    back = Problem(Identity(CLEAN.shape), F.H(y), noise=noise.Gaussian(SIGMA), prior=prior)
    assert found.dtype == torch.float64
    assert float((found - solve(back, PDHG(), stop=TIGHT).x).abs().max()) < 1e-3


@pytest.mark.parametrize("kind", ["identity", "mask", "blur"])
def test_a_complex_image_is_its_two_parts(kind: str) -> None:
    """The modulus of the gradient couples the parts as the channels of one picture are coupled."""

    def operator(channels: int) -> Identity | Mask | Blur:
        shape = (channels, 16, 16)
        if kind == "mask":
            return Mask(shape, torch.rand(16, 16, generator=generator()) > 0.4)
        return Identity(shape) if kind == "identity" else Blur(shape, torch.ones(3, 3, dtype=torch.float64) / 9)

    y = noise.Gaussian(SIGMA).sample(operator(3)(COMPLEX), generator())
    for prior in (10 * TV(), 10 * TGV())[: 2 if kind == "mask" else 1]:
        one = solve(Problem(operator(3), y, noise=noise.Gaussian(SIGMA), prior=prior), PDHG(), stop=TIGHT)
        two = solve(Problem(operator(6), parts(y), noise=noise.Gaussian(SIGMA), prior=prior), PDHG(), stop=TIGHT)
        assert float((parts(one.x) - two.x).abs().max()) < 5e-3
    chosen = weight.auto(Problem(operator(3), y, noise=noise.Gaussian(SIGMA), prior=TV())).weight
    real = weight.auto(Problem(operator(6), parts(y), noise=noise.Gaussian(SIGMA), prior=TV())).weight
    assert chosen == pytest.approx(real, rel=0.2)


@pytest.mark.parametrize("prior", [10 * TV(), 10 * TGV(), 10 * Wavelet(), 3 * Tikhonov()], ids=str)
def test_the_phase_is_free(prior: Prior) -> None:
    turn = cmath.exp(1.3j)
    A = Mask(CLEAN.shape, torch.rand(16, 16, generator=generator()) > 0.3) @ Fourier(CLEAN.shape, "complex")
    y = noise.Gaussian(SIGMA).sample(A(COMPLEX), generator())
    rule = stop.RelativeGap(1e-6) | stop.Stationary(1e-8) | stop.MaxIterations(800)
    x, turned = (solve(Problem(A, v, noise=noise.Gaussian(SIGMA), prior=prior), stop=rule).x for v in (y, turn * y))
    assert float((turn * x - turned).abs().max()) < 0.02


@pytest.mark.parametrize("solver", [Adam(0.02), ProximalGradient()], ids=str)
def test_solvers_agree(solver: Adam | ProximalGradient) -> None:
    A = Diagonal(CLEAN.shape, torch.exp(1j * randn(16, 16)))
    problem = Problem(A, A(COMPLEX), noise=noise.Gaussian(1.0), prior=Tikhonov())
    least = solve(problem, ConjugateGradient(), stop=stop.MaxIterations(100)).x
    found = solve(problem, solver, stop=stop.MaxIterations(600)).x
    assert float((found - least).abs().max()) < 5e-3


def test_noise_of_complex_values() -> None:
    """Each part has σ: the likelihood of its own samples is 1 a value, and all levels agree."""
    model = noise.Gaussian(0.3)
    u = torch.zeros(1, 300, 300, dtype=torch.complex128)
    y = model.sample(u, generator())
    for part in (y.real, y.imag):
        assert float(part.std()) == pytest.approx(0.3, rel=0.02)
    assert float(model.nll(y)(u)) / u.numel() == pytest.approx(1.0, rel=0.02)
    problem = Problem(Identity(u.shape), y, noise=model, prior=NoPrior())
    assert problem.discrepancy(u) == pytest.approx(1.0, rel=0.02)
    assert problem.data_terms[0].sigma == pytest.approx(0.3, rel=1e-6)


def test_outliers_of_complex_data() -> None:
    """The median of complex numbers, and noise whose samples, likelihood and level agree."""
    model = noise.Laplace(0.1)
    u = torch.zeros(1, 300, 300, dtype=torch.complex128)
    assert float(model.sample(u, generator()).abs().square().mean()) == pytest.approx(
        float(model.variance(u)), rel=0.03
    )
    y = COMPLEX + 5 * (torch.rand(COMPLEX.shape, generator=generator()) > 0.9)
    for A in (Identity(CLEAN.shape), Fourier(CLEAN.shape, "complex")):
        data = A(COMPLEX) if isinstance(A, Fourier) else y
        found = solve(Problem(A, data, noise=model, prior=5 * TV()), stop=stop.RelativeGap(1e-3))
        assert found.history[-1]["gap"] >= 0
        assert float((found.x - COMPLEX).abs().median()) < 0.01
    exact = solve(Problem(Identity(CLEAN.shape), y, noise=model, prior=NoPrior()), stop=stop.MaxIterations(20)).x
    assert torch.equal(exact, y)


@pytest.mark.parametrize("seed", range(4))
def test_the_conjugate_over_a_rectangle(seed: int) -> None:
    """Against a grid, whose best point is a little worse than the best of all."""
    u, center = (
        torch.complex(randn(6, 1, 1, seed=seed), randn(6, 1, 1, seed=seed + 10)),
        torch.tensor(0.3 - 0.4j, dtype=torch.complex128),
    )
    low, high = ((-0.2, 0.5), (0.1, 0.9), (-0.5, -0.1), (0.4, 0.6))[seed]
    side = torch.linspace(low, high, 401, dtype=torch.float64)
    v = torch.complex(*torch.meshgrid(side, side, indexing="ij"))
    values: list[tuple[Functional, Tensor]] = [
        (L1(0.7), 0.7 * v.abs()),
        (Shifted(L1(0.7), center), 0.7 * (v - center).abs()),
        (Quadratic(0.8, center), 0.4 * (v - center).abs().square()),
        (0 * Quadratic(0.8, center), 0 * v.real),
    ]
    for f, value in values:
        grid = float(((u.conj() * v).real - value).amax((-2, -1)).sum())
        assert 0 <= float(f.conj_bounded(u, *(side[k] for k in (0, -1)))) - grid + 1e-12 < 2e-3


def small(channels: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, channels, 3, padding=1), nn.Sigmoid()
        return nn.Sequential(*layers)


@pytest.mark.parametrize("shape", [(3, 16, 16), (16, 16)])
def test_a_network_gives_both_parts(shape: tuple[int, ...]) -> None:
    z = COMPLEX if len(shape) == 3 else COMPLEX[0]
    A = Fourier(shape, "complex")
    prior = DIP(network=small(6 if len(shape) == 3 else 2))

    def fit(s: complex, iterations: int) -> Tensor:
        problem = Problem(A, s * A(z), noise=noise.Gaussian(abs(s) * 0.01), prior=prior)
        return solve(problem, Adam(0.03), stop=stop.MaxIterations(iterations)).x / s

    fitted = fit(1.0, 300)
    assert fitted.shape == shape
    assert fitted.dtype == torch.complex128
    assert float((fitted - z).abs().square().mean().sqrt()) < 0.12
    assert float((fit(1.0, 5) - fit(4000.0, 5)).abs().max()) < 1e-6  # the range follows the data


@pytest.mark.parametrize("prior", [TV() + Box(), Box()])
def test_bounds_are_of_real_values(prior: Prior) -> None:
    with pytest.raises(InvpriorError, match="compares values with bounds, which complex images have none of"):
        Problem(Identity(COMPLEX.shape), COMPLEX, noise=noise.Gaussian(0.1), prior=prior)


def test_tiles_and_rules_see_both_parts() -> None:
    y = COMPLEX.repeat(1, 2, 2)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=10 * TV())
    whole, tiled = (solve(problem, solver, stop=TIGHT).x for solver in (PDHG(), Tiled(PDHG(), 24, 12)))
    assert float((whole - tiled).abs().max()) < 0.02
    assert float(subset(1j * CLEAN + 0).abs().max()) == float(CLEAN.max())
