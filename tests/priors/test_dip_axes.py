"""The deep image prior along other axes than those of a picture."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv3d, pad

from invprior import InvpriorError, LinearOperator, Problem, noise, solve, stop
from invprior.operators import Identity, Mask
from invprior.priors import DIP, TV
from invprior.priors.networks.volume import Convolution
from invprior.priors.volume import VolumeGenerator
from invprior.solvers import Muon
from tests.helpers import photograph

QUICK = Muon(lr=0.04, momentum=0.7)


def moving(D: int, side: int) -> Tensor:
    """A volume: a photograph that moves and fades from slice to slice, (D, side, side)."""
    gray = photograph(size=3 * side, top=20, left=60).float().mean(0)
    rows = [round(side / 2 + 2 * math.sin(d / 2)) for d in range(D)]
    return torch.stack([gray[r : r + side, d + 4 : d + 4 + side] * (1 - 0.3 * d / D) for d, r in enumerate(rows)])


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((12, 9, 10), (-3, -2, -1)),
        ((2, 5, 9, 10), (-3, -2, -1)),
        ((3, 40), (-1,)),
        ((6, 7, 8), (-3, -1)),
        ((20,), (-1,)),
    ],
)
def test_any_axes_and_sizes(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    prior = DIP(axes=axes)
    one, again, other = (prior.generator(shape, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    x = one().detach()
    assert x.shape == shape
    assert torch.equal(x, again())
    assert not torch.equal(x, other())
    assert 0 <= float(x.min()) < float(x.max()) <= 1
    assert float((one(torch.Generator().manual_seed(0)).detach() - x).abs().max()) > 0  # the jitter of a fit


def test_the_network_convolves_along_the_axes_alone() -> None:
    """A change of the input at one place spreads along the axes, and not between what lies beside them."""
    g = DIP(axes=(-1,)).generator((3, 64), torch.Generator().manual_seed(0))
    assert isinstance(g, VolumeGenerator)
    with torch.no_grad():
        before = g.forward()
        g.z[..., 0] += 0.5
        changed = (g.forward() - before).abs()
    assert float(changed[:, :8].min()) > 0
    kernels = {m.kernel_size for m in g.modules() if isinstance(m, nn.Conv3d)}
    assert kernels == {(1, 1, 3), (1, 1, 1)}


def test_missing_slices_are_filled() -> None:
    x = moving(6, 16)
    known = torch.zeros(6, 1, 1, dtype=torch.bool)
    known[::2] = True
    A = Mask(x.shape, known)
    problem = Problem(A, A(x), noise=noise.Gaussian(0.01), prior=DIP(axes=(-3, -2, -1)))
    found = solve(problem, QUICK, stop=stop.MaxIterations(60)).x
    assert float((found - x)[1:5:2].square().mean()) < 1e-3  # 30 dB; gray would be 12


@pytest.mark.parametrize("prior", [DIP(), DIP() + 0.1 * TV()], ids=str)
def test_channels_that_nothing_measures_are_refused(prior: DIP) -> None:
    known = torch.ones(6, 1, 1, dtype=torch.bool)
    known[1::2] = False
    A: LinearOperator = Mask((6, 16, 16), known)
    problem = Problem(A, torch.zeros(6, 16, 16), noise=noise.Gaussian(0.1), prior=prior)
    with pytest.raises(
        InvpriorError, match=r"3 of 6 channels of the image are not measured.*DIP\(axes=\(-3, -2, -1\)\)"
    ):
        solve(problem, QUICK, stop=stop.MaxIterations(1))


def test_what_does_not_go_together_is_said() -> None:
    with pytest.raises(InvpriorError, match=r"has the preset fast and its own network and input"):
        DIP("paper", axes=(-3, -2, -1))
    with pytest.raises(InvpriorError, match=r"one to three different ones of an image of shape \(8, 8\), got \(-3,\)"):
        solve(Problem(Identity((8, 8)), torch.rand(8, 8), noise=noise.Gaussian(0.1), prior=DIP(axes=(-3,))))


@pytest.mark.parametrize("size", [(1, 1, 9), (1, 8, 9), (5, 8, 9), (16, 12, 9)])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_of_slices_are_those_in_three_dimensions(size: tuple[int, int, int], stride: int) -> None:
    kernel = (3 if size[0] > 1 else 1, 3 if size[1] > 1 else 1, 3)
    steps = (stride if size[0] > 1 else 1, stride if size[1] > 1 else 1, stride)
    C = Convolution(2, 3, kernel, steps)
    x = torch.randn(1, 2, *size, generator=torch.Generator().manual_seed(0))
    padded = pad(x, [k // 2 for k in reversed(kernel) for _ in range(2)], mode="replicate")
    assert torch.allclose(C(x), conv3d(padded, C.weight, None, steps), atol=1e-5)


def test_the_slices_of_the_input_differ_by_their_place_alone() -> None:
    """All slices begin with the same texture: what they share is fitted once."""
    g = DIP(axes=(-3, -2, -1)).generator((6, 9, 10), torch.Generator().manual_seed(0))
    assert isinstance(g, VolumeGenerator)
    difference = g.z[:, :, 1:] - g.z[:, :, :-1]
    assert float(difference.abs().amax()) > 0
    assert torch.equal(difference, difference[..., :1, :1].expand_as(difference))
