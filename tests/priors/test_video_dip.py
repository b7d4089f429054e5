"""One network for a film: its inputs, its passes, its warm start."""

from __future__ import annotations

import math

import pytest
import torch

from invprior import InvpriorError, Problem, noise, solve, stop
from invprior.operators import Identity
from invprior.priors import VideoDIP, VideoTV
from invprior.priors.video_dip import FilmGenerator, fitted, inputs
from invprior.solvers import Muon
from tests.films import moving
from tests.helpers import psnr

FILM = moving(6, 32, 40)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def generator(shape: tuple[int, ...] = (6, 3, 32, 40), first: int = 0) -> FilmGenerator:
    made = VideoDIP("denoise", first=first).generator(shape, rng())
    assert isinstance(made, FilmGenerator)
    return made


def test_inputs_change_smoothly_and_keep_their_variance() -> None:
    z = inputs(range(33), 8, 9, (16, 24, 24), 7)
    deviations = z.flatten(1).std(1)
    assert float((deviations - 0.1 / math.sqrt(12)).abs().max()) < 1e-3
    assert float(z.mean()) == pytest.approx(0.05, abs=1e-3)
    steps = (z[1:] - z[:-1]).flatten(1).norm(dim=1)
    assert float(steps.max()) < 1.1 * float(steps.min())
    # an eighth of a right angle a frame; two anchors are at right angles
    assert float(steps[0] / (z[8] - z[0]).norm()) == pytest.approx(math.sin(math.pi / 32) * math.sqrt(2), rel=0.05)


def test_inputs_come_again_after_a_cycle_and_not_before() -> None:
    z = inputs(range(21), 2, 5, (2, 8, 8), 0)
    assert torch.allclose(z[0], z[10], atol=1e-6)
    assert torch.allclose(z[3], z[13], atol=1e-6)
    apart = [float((z[0] - z[t]).abs().max()) for t in range(1, 10)]
    assert min(apart) > 0.01


def test_the_next_window_continues_the_inputs() -> None:
    whole, later = generator(), generator((2, 3, 32, 40), first=4)
    assert torch.equal(whole.z[4:], later.z)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (3, 1, 33, 47), (9, 3, 16, 70)])
def test_any_size_and_number_of_frames(shape: tuple[int, ...]) -> None:
    made = generator(shape)
    assert tuple(made().shape) == shape
    assert tuple(made(rng(1)).shape) == shape


def test_a_randomised_pass_renews_neighbours_and_leaves_the_rest() -> None:
    made = generator()
    seen = set()
    for seed in range(40):
        before = made.frames.clone()
        x = made(rng(seed))
        fresh = [t for t in range(6) if not torch.equal(x[t].detach(), before[t])]
        assert fresh == list(range(fresh[0], fresh[0] + 4))
        assert torch.equal(made.frames, x.detach())
        assert x.requires_grad
        seen.update(fresh)
    assert seen == set(range(6))


def problem(weights: dict[str, torch.Tensor] | None = None) -> Problem:
    y = noise.Gaussian(0.1).sample(FILM, rng())
    prior = VideoDIP("denoise", weights=weights)
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)


def test_it_learns_and_a_warm_start_goes_on_where_it_was() -> None:
    cold, anew = (solve(problem(), stop=stop.MaxIterations(n)) for n in (40, 4))
    assert psnr(cold.x, FILM) > 24
    weights = fitted(cold)
    assert weights is not None
    soon = solve(problem(weights), stop=stop.MaxIterations(4))
    assert psnr(soon.x, FILM) > psnr(anew.x, FILM) + 3
    limits = [VideoDIP("denoise", weights=w).recipe().stop.most or 0 for w in (weights, None)]
    assert 0 < 3 * limits[0] <= limits[1]


def test_what_a_solve_ends_with_is_what_the_next_one_starts_with() -> None:
    result = solve(problem(), stop=stop.MaxIterations(4))
    state = result.state.solver_state
    ended = Muon().estimate(state)  # the deterministic pass
    again = VideoDIP("denoise", weights=fitted(result)).generator(tuple(FILM.shape), rng(0))
    assert torch.equal(again(), ended)
    assert isinstance(again, FilmGenerator)
    assert torch.equal(again.frames, ended)  # no frame is gray in the first average


def test_a_resumed_solve_is_the_same() -> None:
    whole = solve(problem(), stop=stop.MaxIterations(6))
    half = solve(problem(), stop=stop.MaxIterations(3))
    rest = solve(problem(), stop=stop.MaxIterations(6), state=half.state)
    assert torch.equal(whole.x, rest.x)


def test_beside_a_penalty_along_the_motion() -> None:
    y = noise.Gaussian(0.1).sample(FILM, rng())
    prior = VideoDIP("denoise") + 0.5 * VideoTV(3.0, torch.zeros(5, 2, 32, 40))
    result = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior), stop=stop.MaxIterations(5))
    assert result.iterations == 5
    assert fitted(result) is not None


def test_other_priors_have_no_network() -> None:
    y = noise.Gaussian(0.1).sample(FILM, rng())
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=VideoTV(1.0))
    assert fitted(solve(problem, stop=stop.MaxIterations(3))) is None


def test_what_it_does_not_take() -> None:
    with pytest.raises(InvpriorError, match=r"VideoDIP takes a film"):
        generator((3, 32, 40))
    with pytest.raises(InvpriorError, match=r"preset 'paper' has no settings for films; take fast"):
        VideoDIP("denoise", "paper")
