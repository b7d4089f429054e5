"""Differences along the motion: what moves as the flow says costs nothing."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import map_coordinates

from invprior import InvpriorError
from invprior.operators import FiniteDifference, MotionDifference
from tests.films import moving
from tests.helpers import randn


def test_without_motion_it_is_the_difference_in_time() -> None:
    x = randn(4, 2, 5, 6)
    D = MotionDifference(x.shape, torch.zeros(3, 2, 5, 6, dtype=torch.float64))
    assert torch.allclose(D(x), FiniteDifference(x.shape, (-4,))(x)[0])


def test_each_frame_against_scipy() -> None:
    x, flow = randn(3, 2, 9, 8), 0.8 * randn(2, 2, 9, 8, seed=1)
    D = MotionDifference(x.shape, flow, "bilinear")(x)
    rows, columns = torch.meshgrid(torch.arange(9), torch.arange(8), indexing="ij")
    for t in range(2):
        down, along = rows + flow[t, 0], columns + flow[t, 1]
        inside = (down >= 0) & (down <= 8) & (along >= 0) & (along <= 7)
        for c in range(2):
            there = map_coordinates(x[t + 1, c].numpy(), [down.numpy(), along.numpy()], order=1, mode="nearest")
            assert torch.allclose(D[t, c], inside * (torch.from_numpy(there) - x[t, c]))
    assert bool((D[2] == 0).all())


def test_what_moves_with_the_flow_costs_nothing() -> None:
    x = moving(4, speed=2.0).double()
    x = x - moving(4, speed=2.0)[:, :, :1, :1].double()
    flow = torch.zeros(3, 2, *x.shape[-2:], dtype=torch.float64)
    flow[:, 1] = 2.0
    ball = (x[:, 0] > 0.45)[:-1, None]  # inside the ball, away from the resting background
    D = MotionDifference(x.shape, flow)
    assert float((D(x)[:-1] * ball).abs().max()) < 0.02
    assert float((FiniteDifference(x.shape, (-4,))(x)[0][:-1] * ball).abs().max()) > 0.1


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("speed", [0.0, 0.3, 2.0])
def test_the_quick_bound_bounds(interpolation: str, speed: float) -> None:
    flow = speed * randn(3, 2, 6, 7)
    D = MotionDifference((4, 1, 6, 7), flow, interpolation)  # type: ignore[arg-type]
    exact = float(torch.linalg.matrix_norm(D.to_dense(), 2))
    assert exact <= D.bound() * (1 + 1e-12)
    assert D.bound() <= 2.5 * exact


@pytest.mark.parametrize(
    ("shape", "flow"), [((4, 5, 6), (2, 2, 5, 6)), ((1, 5, 6), (0, 2, 5, 6)), ((5, 6), (4, 2, 5, 6))]
)
def test_a_flow_that_does_not_fit(shape: tuple[int, ...], flow: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match=r"the flow for a film|takes a film"):
        MotionDifference(shape, torch.zeros(flow))
