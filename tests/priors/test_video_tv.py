"""Total variation of a film: values by hand, and what time and motion are worth."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, Prior, Problem, motion, noise, solve, stop
from invprior.operators import Identity, MotionDifference
from invprior.priors import TV, VideoTV
from tests.films import moving
from tests.helpers import psnr, randn

SIGMA = 0.1


def value(prior: Prior, x: Tensor) -> float:
    return sum(float(t(x)) for t in prior.terms(tuple(x.shape)))


def restored(film: Tensor, prior: Prior) -> Tensor:
    y = noise.Gaussian(SIGMA).sample(film, torch.Generator().manual_seed(0))
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=prior)
    return solve(problem, stop=stop.RelativeGap(1e-3) | stop.MaxIterations(200)).x


def best(film: Tensor, prior: Prior) -> float:
    return max(psnr(restored(film, w * prior), film) for w in (4, 6, 9, 13))


def test_values_by_hand() -> None:
    x = torch.zeros(3, 2, 4, 5, dtype=torch.float64)
    x[1:] = 0.5  # a cut: every pixel of both channels changes once
    assert value(VideoTV(2.0), x) == pytest.approx(2 * 20 * 0.5 * 2**0.5)
    flow = torch.zeros(2, 2, 4, 5, dtype=torch.float64)
    assert value(VideoTV(2.0, flow), x) == pytest.approx(value(VideoTV(2.0), x))
    y = randn(3, 2, 4, 5)
    assert value(VideoTV(0.0), y) == pytest.approx(sum(value(TV(), frame) for frame in y))
    assert value(VideoTV(3.0), y[:1]) == pytest.approx(value(TV(), y[0]))


def test_time_is_worth_a_decibel_and_motion_another_half() -> None:
    film = moving(8, 32, 48, speed=3.0) + 0.2 * torch.rand(32, 48, generator=torch.Generator().manual_seed(1))
    still = film[:1].expand(8, -1, -1, -1)
    assert best(still, VideoTV(1.5)) > best(still, TV()) + 1
    pan = torch.stack([film[0].roll(2 * t, -1) for t in range(8)])  # everything moves
    flow = torch.zeros(7, 2, 32, 48)
    flow[:, 1] = 2.0
    assert best(pan, VideoTV(2.0, flow)) > best(pan, VideoTV(1.5)) + 1


def test_the_gap_closes_along_a_rough_flow() -> None:
    film = moving(4, 16, 20).double()
    y = noise.Gaussian(SIGMA).sample(film, torch.Generator().manual_seed(0))
    prior = 5 * VideoTV(2.0, 1.5 * randn(3, 2, 16, 20))
    result = solve(
        Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=prior),
        stop=stop.RelativeGap(1e-6) | stop.MaxIterations(5000),
    )
    assert result.status.name == "converged"


def test_motion_is_found() -> None:
    film = moving(3, 48, 64, speed=2.0)
    flow = motion.estimate(film)
    ball = film[:-1, 0] > 0.7
    assert float(flow[:, 1][ball].median()) == pytest.approx(2.0, abs=0.3)
    assert float(flow[:, 0][ball].abs().mean()) < 0.3
    D = MotionDifference(film.shape, flow)
    assert float(D(film).abs().mean()) < 0.5 * float((film[1:] - film[:-1]).abs().mean())


def test_motion_is_carried_into_holes() -> None:
    generator = torch.Generator().manual_seed(0)
    texture = torch.nn.functional.interpolate(
        torch.rand(1, 1, 12, 18, generator=generator), size=(48, 72), mode="bicubic", align_corners=False
    )[0]
    film = torch.stack([texture[..., 8 - 2 * t :][..., :56] for t in range(3)])
    known = torch.ones(48, 56, dtype=torch.bool)
    known[18:30, 20:36] = False
    film = film * known  # the hole stays where it is
    lost, found = motion.estimate(film), motion.estimate(film, known)
    assert float((found[:, 1][:, ~known] - 2).abs().mean()) < 0.5 * float((lost[:, 1][:, ~known] - 2).abs().mean())
    assert torch.equal(found[:, :, known], lost[:, :, known])


@pytest.mark.parametrize(
    "call",
    [
        lambda: VideoTV(-1.0),
        lambda: VideoTV(1.0).terms((3, 8, 8)),
        lambda: VideoTV(1.0, torch.zeros(1, 2, 8, 8)).terms((4, 3, 8, 8)),
        lambda: motion.estimate(torch.zeros(3, 8, 8)),
    ],
)
def test_what_is_no_film_is_said(call: object) -> None:
    with pytest.raises(InvpriorError, match=r"0 or more|takes a film|the flow for a film|motion is estimated"):
        call()  # type: ignore[operator]
