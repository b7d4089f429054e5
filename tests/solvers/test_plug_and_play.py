"""Plug-and-play with falling levels, on real pictures and against what it says of itself."""

from __future__ import annotations

import pytest
import torch
from skimage import data
from torch import Tensor

from invprior import (
    InvpriorError,
    LinearOperator,
    Problem,
    metrics,
    noise,
    operators,
    priors,
    solve,
    solvers,
    stop,
    weight,
)
from invprior.prior import Prior

CLEAN = torch.from_numpy(data.astronaut()).movedim(-1, 0).float()[:, 60:108, 190:238] / 255
FINE = noise.Gaussian(1 / 255)


def half(shape: tuple[int, ...]) -> operators.Mask:
    return operators.Mask(shape, torch.rand(shape[-2:], generator=torch.Generator().manual_seed(0)) < 0.5)


TASKS = {
    "inpaint": (half((3, 48, 48)), 8),
    "upscale": (operators.Lanczos((3, 48, 48), factor=4), 8),
    "deblur": (operators.Blur((3, 48, 48), torch.ones(5, 5) / 25), 8),
}


def measured(A: LinearOperator, prior: Prior, model: noise.Noise = FINE) -> Problem:
    return Problem(A, model.sample(A(CLEAN), torch.Generator().manual_seed(1)), noise=model, prior=prior)


@pytest.mark.parametrize("task", TASKS)
def test_it_is_above_tv(task: str) -> None:
    A, steps = TASKS[task]
    tv = weight.auto(measured(A, priors.TV())).weight * priors.TV()
    result = solve(measured(A, priors.NonLocal()), solvers.PlugAndPlay(steps))
    assert (result.status.name, result.iterations) == ("level_reached", steps)
    assert metrics.psnr(result.x, CLEAN) > metrics.psnr(solve(measured(A, tv)).x, CLEAN) + 0.1


def test_levels_fall_from_an_eighth_of_the_range_to_the_noise() -> None:
    A = half((3, 48, 48))
    called: list[float] = []

    def record(u: Tensor, sigma: float) -> Tensor:
        called.append(sigma)
        return u

    solve(measured(A, priors.PnP(record), noise.Gaussian(0.05)), solvers.PlugAndPlay(5))
    assert called == pytest.approx([0.12 * (0.05 / 0.12) ** (k / 4) for k in range(5)], rel=1e-2)


def test_each_step_is_the_least_squares_of_data_and_denoised_image() -> None:
    A = operators.Blur((1, 6, 6), torch.tensor([[0.2, 0.3], [0.1, 0.4]], dtype=torch.float64))
    y = A(CLEAN[:1, :6, :6].double())
    seen: list[Tensor] = []

    def record(u: Tensor, sigma: float) -> Tensor:
        seen.append(u)
        return 0.9 * u

    solve(Problem(A, y, noise=noise.Gaussian(0.1), prior=priors.PnP(record)), solvers.PlugAndPlay(2))
    D, sigma = A.to_dense(), 0.1
    H = D.T @ D / 0.1**2 + 0.23 / sigma**2 * torch.eye(36, dtype=torch.float64)
    x = 0.9 * seen[0].flatten()
    v = torch.linalg.solve(H, D.T @ y.flatten() / 0.1**2 + 0.23 / sigma**2 * x)
    assert torch.allclose(seen[1].flatten(), v, atol=1e-3)


def test_a_solve_goes_on_bit_for_bit() -> None:
    problem = measured(half((3, 48, 48)), priors.NLM())
    whole = solve(problem, solvers.PlugAndPlay(4))
    begun = solve(problem, solvers.PlugAndPlay(4), stop=stop.MaxIterations(2))
    assert torch.equal(solve(problem, solvers.PlugAndPlay(4), state=begun.state).x, whole.x)


def test_bounds_hold_beside_a_denoiser() -> None:
    result = solve(measured(half((3, 48, 48)), priors.NLM() + priors.Box(0.2, 0.6)), solvers.PlugAndPlay(3))
    assert float(result.x.min()) == pytest.approx(0.2)
    assert float(result.x.max()) == pytest.approx(0.6)


def test_photons_end_in_no_infinite_likelihood() -> None:
    model = noise.Poisson(0.05)
    result = solve(measured(operators.Identity((3, 48, 48)), priors.NonLocal(), model))
    assert result.status.name == "one_pass"


@pytest.mark.parametrize(
    ("A", "prior", "said"),
    [
        (operators.Saturate((3, 48, 48), 0.5), priors.NLM(), "needs linear operators"),
        (half((3, 48, 48)), priors.NLM() + priors.TV(), "in a sum goes with priors.Box alone"),
        (half((3, 48, 48)), priors.NLM() + priors.NonLocal(), "takes one denoiser"),
        (half((3, 48, 48)), priors.TV(), "takes one denoiser"),
    ],
)
def test_what_it_does_not_solve_is_said_before(A: LinearOperator, prior: Prior, said: str) -> None:
    with pytest.raises(InvpriorError, match=said):
        solve(measured(A, prior), solvers.PlugAndPlay(2))


def test_its_settings_are_checked() -> None:
    with pytest.raises(InvpriorError, match="1 to 1000 steps"):
        solvers.PlugAndPlay(0)


@pytest.mark.parametrize("prior", [priors.DIP() + priors.NLM(), priors.NonLocal()])
def test_a_denoiser_is_not_left_out_of_a_descent(prior: Prior) -> None:
    with pytest.raises(InvpriorError, match="has none; drop it from the sum"):
        solve(measured(half((3, 48, 48)), prior), solvers.Adam(), stop=stop.MaxIterations(1))
