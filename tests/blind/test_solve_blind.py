"""Image and parameters together: gain, shift and angle are recovered, by alternation and with a network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import (
    DataTerm,
    Generator,
    InvpriorError,
    LinearOperator,
    Operator,
    Prior,
    Problem,
    Recipe,
    blind,
    noise,
    priors,
    solve_blind,
    solvers,
    stop,
)
from invprior.metrics import psnr
from invprior.operators import Blur, Identity, Warp
from tests.helpers import photograph

SIZE = 32
CLEAN = photograph("camera.png", SIZE, 90, 200).float()
SIGMA = noise.Gaussian(0.01)


class Gain(LinearOperator):
    """x ↦ g x with a parameter g."""

    def __init__(self, gain: float | Tensor) -> None:
        super().__init__(CLEAN.shape, CLEAN.shape)
        self.gain = torch.nn.Parameter(torch.tensor(gain)) if isinstance(gain, float) else gain

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x


def shifted(shift: Tensor) -> LinearOperator:
    return Warp(CLEAN.shape, shift.reshape(2, 1, 1).expand(2, SIZE, SIZE), "bicubic")


def turned(angle: Tensor) -> LinearOperator:
    t = torch.arange(float(SIZE)) - (SIZE - 1) / 2
    r, c = torch.meshgrid(t, t, indexing="ij")
    cos, sin = angle.cos() - 1, angle.sin()
    return Warp(CLEAN.shape, torch.stack([cos * r - sin * c, sin * r + cos * c]), "bicubic")


def pair(second: Operator, truth: Operator, prior: Prior | None = None) -> Problem:
    """A picture, and the same one through an operator that is not known."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        y1, y2 = SIGMA.sample(CLEAN, rng), SIGMA.sample(truth(CLEAN), rng)
    data = [DataTerm(Identity(CLEAN.shape), y1, SIGMA), DataTerm(second, y2, SIGMA)]
    return Problem.from_terms(data, 10 * priors.TV() if prior is None else prior)


QUICK = blind.Alternation(rounds=8, iterations=20, steps=8)


def test_a_gain_of_an_operator_with_a_parameter() -> None:
    A = Gain(1.0)
    found = solve_blind(pair(A, Gain(0.6)), {"gain": blind.Bounds(0.1, 3)}, QUICK)
    assert float(found.parameters["gain"]) == pytest.approx(0.6, abs=0.005)
    assert float(A.gain.detach()) == 1  # what was given stays as it is
    assert psnr(found.x, CLEAN) > psnr(pair(A, A).data_terms[0].y, CLEAN)


def test_shift_and_gain_at_once_to_a_twentieth_of_a_pixel() -> None:
    start = {"shift": torch.zeros(2), "gain": torch.tensor(1.0)}
    A = blind.from_parameters(lambda shift, gain: Gain(gain) @ shifted(shift), start)
    true = torch.tensor([0.8, -0.6])
    found = solve_blind(pair(A, Gain(1.4) @ shifted(true)), {"shift": blind.Bounds(-3, 3)}, QUICK)
    assert float((found.parameters["shift"] - true).abs().max()) < 0.05
    assert float(found.parameters["gain"]) == pytest.approx(1.4, abs=0.02)


def test_an_angle_to_a_fifth_of_a_degree() -> None:
    A = blind.from_parameters(turned, {"angle": torch.tensor(0.0)})
    found = solve_blind(pair(A, turned(torch.tensor(0.08))), {"angle": blind.Bounds(-0.5, 0.5)}, QUICK)
    assert float(found.parameters["angle"]) == pytest.approx(0.08, abs=0.0035)
    again = found.problem.data_terms[1].operator
    with torch.no_grad():
        torch.testing.assert_close(again(CLEAN), turned(found.parameters["angle"])(CLEAN))


class Coarse(Generator):
    """Pixels of half the size, drawn out."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = torch.nn.Parameter(torch.full((1, SIZE // 2, SIZE // 2), 0.5))

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        return self.pixels.repeat_interleave(2, -1).repeat_interleave(2, -2)


class Drawn(Prior):
    """A generative prior that is quick to fit."""

    parametrised = True

    def generator(self, shape: tuple[int, ...], rng: torch.Generator) -> Generator:
        return Coarse()

    def recipe(self) -> Recipe:
        return Recipe(solvers.Adam(lr=0.02), stop.MaxIterations(300))


def test_a_generator_and_a_gain_by_the_same_descent() -> None:
    A = Gain(1.0)
    found = solve_blind(pair(A, Gain(0.6), Drawn()), {"gain": blind.Bounds(0.1, 3)})
    assert float(found.parameters["gain"]) == pytest.approx(0.6, abs=0.01)
    assert float(A.gain.detach()) == 1
    assert found.x.shape == CLEAN.shape == found.result.x.shape
    assert psnr(found.x, CLEAN) > 20


def test_a_penalty_beside_a_network_acts_on_the_image() -> None:
    prior = priors.DIP(task="upscale", iterations=12)
    problem = pair(Gain(1.0), Gain(0.6))
    smooth, free = (
        solve_blind(Problem.from_terms(problem.data_terms, p)).x for p in (prior + 1e4 * priors.TV(), 1.0 * prior)
    )
    assert float(smooth.std()) < 0.3 * float(free.std())


def test_the_strong_prior_of_the_first_rounds_is_gone_in_the_end() -> None:
    problem = pair(Gain(1.0), Gain(0.6))
    eased = solve_blind(problem, method=blind.Alternation(6, 40, 12, ease=50))
    plain = solve_blind(problem, method=blind.Alternation(6, 40, 12))
    assert float((eased.x - plain.x).abs().max()) < 0.02


def test_a_psf_on_the_simplex_comes_nearer() -> None:
    truth = torch.zeros(1, 32, 32)
    truth[:, 8:24, 8:24] = 1
    truth[:, 14:18, 14:18] = 0.3
    psf = torch.zeros(5, 5)
    psf[2, :] = 0.2
    y = SIGMA.sample(Blur((1, 32, 32), psf)(truth), torch.Generator().manual_seed(0))
    t = torch.arange(5.0) - 2
    start = torch.exp(-0.3 * (t[:, None] ** 2 + t**2))
    A = blind.from_parameters(lambda psf: Blur((1, 32, 32), psf), {"psf": start / start.sum()})
    problem = Problem(A, y, noise=SIGMA, prior=60 * priors.TV())
    found = solve_blind(problem, {"psf": blind.Simplex()}, blind.Alternation(10, 30, 10)).parameters["psf"]
    assert float(found.sum()) == pytest.approx(1, abs=1e-5)
    assert float(found.min()) >= 0
    assert float((found - psf).abs().sum()) < 0.5 * float((start / start.sum() - psf).abs().sum())


def test_what_cannot_be_solved_is_said() -> None:
    with pytest.raises(InvpriorError, match="nothing to solve for but the image"):
        solve_blind(pair(Identity(CLEAN.shape), Identity(CLEAN.shape)))
    problem = pair(Gain(1.0), Gain(0.6))
    with pytest.raises(InvpriorError, match="no operator holds a parameter 'psf'; there is gain"):
        solve_blind(problem, {"psf": blind.Simplex()})
    with pytest.raises(InvpriorError, match=r"Joint is not for .*Alternation"):
        solve_blind(problem, method=blind.Joint())
    network = pair(Gain(1.0), Gain(0.6), priors.DIP())
    with pytest.raises(InvpriorError, match=r"Alternation is not for .*Joint"):
        solve_blind(network, method=blind.Alternation())
    with pytest.raises(InvpriorError, match="1 or more"):
        blind.Alternation(rounds=0)
    with pytest.raises(InvpriorError, match="ease"):
        blind.Alternation(ease=0.5)


def test_a_batch_of_pictures_shares_its_operator() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.stack([CLEAN, CLEAN.flip(-1)])
    data = [
        DataTerm(Identity(CLEAN.shape), SIGMA.sample(x, rng), SIGMA),
        DataTerm(Gain(1.0), SIGMA.sample(0.7 * x, rng), SIGMA),
    ]
    found = solve_blind(Problem.from_terms(data, 10 * priors.TV()), method=QUICK)
    assert found.x.shape == x.shape
    assert float(found.parameters["gain"]) == pytest.approx(0.7, abs=0.01)
