"""Directional TV: it knows the guide's edges, and nothing else of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, LinearOperator, Prior, Problem, noise, solve, solvers, stop
from invprior.operators import Identity, Lanczos, Mask
from invprior.priors import TV, GuidedTV
from tests.helpers import photograph, psnr, randn

SIGMA = 0.1


def noisy(clean: Tensor) -> Tensor:
    return noise.Gaussian(SIGMA).sample(clean, torch.Generator().manual_seed(0))


def best_psnr(clean: Tensor, prior: Prior) -> float:
    y = noisy(clean)
    problems = (Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=w * prior) for w in (6, 9, 13, 20, 30))
    return max(psnr(solve(p).x, clean) for p in problems)


def test_value_pixel_by_pixel() -> None:
    x, guide, eta = randn(3, 5, 6), randn(5, 6, seed=1), 0.3
    total = 0.0
    for i in range(5):
        for j in range(6):
            steps = [(i + 1, j) if i < 4 else (i, j), (i, j + 1) if j < 5 else (i, j)]
            g = torch.stack([guide[s] - guide[i, j] for s in steps])
            d = torch.stack([x[:, a, b] - x[:, i, j] for a, b in steps])
            xi = g / (g.square().sum() + eta**2).sqrt()
            total += float((d - xi[:, None] * (xi @ d)).norm())
    (term,) = GuidedTV(guide, eta=eta).terms((3, 5, 6))
    assert float(term(x)) == pytest.approx(total, rel=1e-12)


def test_a_known_edge_is_nearly_free_in_any_contrast() -> None:
    edge = torch.zeros(3, 8, 8, dtype=torch.float64)
    edge[:, :, 4:] = 1
    (guided,), (tv,) = GuidedTV(edge).terms((3, 8, 8)), TV().terms((3, 8, 8))
    assert float(guided(-5 * edge)) < 0.005 * float(tv(-5 * edge))
    across = edge.transpose(-1, -2)  # crosses the guide's edge in one column of eight
    assert float(guided(across)) == pytest.approx(float(tv(across)), rel=1e-12)


@pytest.mark.parametrize("change", ["gray", "inverted", "green"])
def test_a_clean_guide_is_worth_more_than_a_decibel(change: str) -> None:
    clean = photograph(size=48).float()
    guide = {"gray": clean.mean(0), "inverted": 1 - clean.square(), "green": clean[1:2]}[change]
    assert best_psnr(clean, GuidedTV(guide)) > best_psnr(clean, TV()) + 1


@pytest.mark.parametrize("coupled", [True, False])
def test_a_constant_guide_gives_tv(coupled: bool) -> None:
    y = noisy(photograph(size=16))
    model = noise.Gaussian(SIGMA)
    x = [
        solve(Problem(Identity(y.shape), y, noise=model, prior=10 * p), stop=stop.MaxIterations(50)).x
        for p in (GuidedTV(torch.full((16, 16), 0.4).double(), coupled=coupled), TV(coupled=coupled))
    ]
    assert torch.equal(x[0], x[1])
    flat, tv = (p.terms((3, 16, 16))[0](y) for p in (GuidedTV(torch.zeros(16, 16).double()), TV()))
    assert torch.equal(flat, tv)


def test_channels_are_averaged_and_the_scale_of_the_guide_is_free() -> None:
    x, guide = randn(3, 6, 7), randn(3, 6, 7, seed=1)
    values = [
        float(GuidedTV(g).terms((3, 6, 7))[0](x))
        for g in (guide, guide.mean(0), guide.mean(0, keepdim=True), 1e3 * guide, -1e-3 * guide + 5)
    ]
    assert values == pytest.approx([values[0]] * 5, rel=1e-9)


def test_the_norm_is_an_upper_bound_and_not_a_loose_one() -> None:
    guide = photograph(size=12)
    L = GuidedTV(guide).terms((1, 12, 12))[0].operator
    assert isinstance(L, LinearOperator)
    exact = float(torch.linalg.matrix_norm(L.to_dense(), 2))
    assert exact <= L.norm() <= 1.2 * exact


@pytest.mark.parametrize("kind", ["identity", "mask", "lanczos"])
def test_the_gap_goes_to_zero(kind: str) -> None:
    shape = (3, 8, 8)
    A = {"identity": Identity(shape), "mask": Mask(shape, randn(8, 8) > -0.5), "lanczos": Lanczos(shape, 2)}[kind]
    y = noise.Gaussian(0.05).sample(A(photograph(size=8)), torch.Generator().manual_seed(1))
    guide = 1 - photograph(size=8).square()
    problem = Problem(A, y, noise=noise.Gaussian(0.05), prior=20.0 * GuidedTV(guide, eta=0.1))
    r = solve(problem, stop=stop.RelativeGap(1e-6) | stop.MaxIterations(6000))
    assert isinstance(r.solver, solvers.PDHG)
    assert r.status.name == "converged"
    assert -1e-9 <= r.history[-1]["gap"] <= 1e-6 * max(abs(r.history[-1]["value"]), 1e-3 * problem.size)


def test_holes_are_filled_along_the_edges_of_the_guide() -> None:
    clean = photograph(size=48)
    A = Mask(clean.shape, randn(48, 48) > -0.5)
    y = noise.Gaussian(0.05).sample(A(clean), torch.Generator().manual_seed(1))
    guided, tv = (
        solve(Problem(A, y, noise=noise.Gaussian(0.05), prior=20.0 * p)) for p in (GuidedTV(1 - clean.square()), TV())
    )
    assert guided.status.name == tv.status.name == "converged"
    assert psnr(guided.x, clean) > psnr(tv.x, clean) + 1


@pytest.mark.parametrize("shape", [(6, 7), (1, 6, 7), (2, 3, 6, 7)])
def test_gray_pictures_and_video_take_one_guide(shape: tuple[int, ...]) -> None:
    x, guide = randn(*shape), randn(6, 7, seed=1)
    frames = x.reshape(-1, *shape[-3:]) if len(shape) == 4 else x[None]
    alone = sum(float(GuidedTV(guide).terms(shape[-3:])[0](f)) for f in frames)
    assert float(GuidedTV(guide).terms(shape)[0](x)) == pytest.approx(alone)


@pytest.mark.parametrize("shape", [(3, 8, 9), (8, 9), (3, 9, 8)])
def test_a_guide_of_another_size_is_named_with_both_shapes(shape: tuple[int, ...]) -> None:
    prior = GuidedTV(torch.zeros(1, 8, 8))
    with pytest.raises(InvpriorError, match=r"shape \(1, 8, 8\) does not fit an image of shape \(\d") as error:
        prior.terms(shape)
    assert str(shape) in str(error.value)


@pytest.mark.parametrize(
    "guide",
    [torch.zeros(8), torch.zeros(1, 1, 8, 8), torch.zeros(8, 8).bool(), torch.full((8, 8), torch.nan), [[0.0, 1.0]]],
)
def test_what_is_no_guide_is_refused(guide: Tensor) -> None:
    with pytest.raises(InvpriorError, match="a guide is a finite floating tensor"):
        GuidedTV(guide)


@pytest.mark.parametrize("eta", [0.0, -1.0, float("nan"), float("inf")])
def test_eta_is_positive(eta: float) -> None:
    with pytest.raises(InvpriorError, match="eta must be a positive number"):
        GuidedTV(torch.zeros(8, 8), eta=eta)


def test_a_guide_in_another_precision_says_so() -> None:
    (term,) = GuidedTV(torch.zeros(8, 8)).terms((3, 8, 8))
    with pytest.raises(InvpriorError, match=r"holds torch.float32 but got torch.float64; convert one"):
        term(randn(3, 8, 8))


def test_the_repr_does_not_print_the_picture() -> None:
    assert repr(GuidedTV(torch.zeros(2, 8, 8))) == "GuidedTV(guide of shape (2, 8, 8), eta=None, coupled=True)"
