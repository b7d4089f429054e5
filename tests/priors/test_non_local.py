"""The non-local prior: its parts against their definitions, its estimates against TV and NLM on real pictures."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from torch import Tensor

from invprior import InvpriorError, Problem, metrics, noise, operators, priors, solve, solvers, weight
from invprior.prior import Prior
from invprior.priors.patches.bayes import MU, bayes
from invprior.priors.patches.denoise import COLOURS, FIRST, decorrelation, fitting
from invprior.priors.patches.groups import nearest
from invprior.priors.patches.motion import followed
from invprior.priors.patches.noise_field import NoiseField
from invprior.priors.patches.threshold import threshold
from invprior.priors.patches.tiles import Search, tiles
from tests.helpers import randn

ASTRONAUT = torch.from_numpy(data.astronaut()).movedim(-1, 0).float() / 255
FACE = ASTRONAUT[:, 60:124, 190:254]
WHITE = noise.Gaussian(25 / 255)


def noisy(x: Tensor, model: noise.Noise = WHITE) -> Tensor:
    return model.sample(x, torch.Generator().manual_seed(0))


def restored(y: Tensor, prior: Prior, model: noise.Noise = WHITE) -> Tensor:
    return solve(Problem(operators.Identity(y.shape), y, noise=model, prior=prior)).x


def best_tv(problem: Problem) -> Tensor:
    tv = Problem.from_terms(problem.data_terms, priors.TV())
    return solve(Problem.from_terms(problem.data_terms, weight.auto(tv).weight * priors.TV())).x


def test_it_is_above_tv_and_nlm() -> None:
    y = noisy(FACE)
    mine = metrics.psnr(restored(y, priors.NonLocal()), FACE)
    tv = metrics.psnr(best_tv(Problem(operators.Identity(y.shape), y, noise=WHITE, prior=priors.TV())), FACE)
    assert mine > metrics.psnr(restored(y, priors.NLM()), FACE) + 1
    assert mine > tv + 1


def test_one_pass_and_why_it_ended() -> None:
    y = noisy(FACE[:, :24, :24])
    result = solve(Problem(operators.Identity(y.shape), y, noise=WHITE, prior=priors.NonLocal()))
    assert (result.status.name, result.iterations) == ("one_pass", 1)
    assert isinstance(result.solver, solvers.PlugAndPlay)


def test_units_and_pedestal_change_nothing() -> None:
    y = noisy(FACE[:, :32, :32])
    there = restored(1000 * y + 4000, priors.NonLocal(), noise.Gaussian(1000 * 25 / 255))
    assert torch.allclose((there - 4000) / 1000, restored(y, priors.NonLocal()), atol=2e-4)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9), (2, 3, 3), (7, 20, 12), (33, 33), (1, 1, 40), (31, 16, 16)])
def test_any_size_and_number_of_channels(shape: tuple[int, ...]) -> None:
    clean = torch.linspace(0, 1, shape[-1]).expand(shape)
    y = noisy(clean)
    x = restored(y, priors.NonLocal())
    assert x.shape == y.shape
    assert float((x - clean).square().mean()) < float((y - clean).square().mean())


def test_without_noise_the_picture_stays() -> None:
    x = FACE[:, :24, :24]
    assert torch.allclose(restored(x, priors.NonLocal(), noise.Gaussian(1e-5)), x, atol=1e-4)


@pytest.mark.parametrize("prior", [priors.NLM(), priors.NonLocal()])
@pytest.mark.parametrize("shape", [(24, 40), (1, 24, 40), (3, 24, 40), (2, 1, 24, 40)])
def test_rows_stay_rows(prior: Prior, shape: tuple[int, ...]) -> None:
    clean = torch.linspace(0, 1, 40).expand(shape)
    y = noisy(clean)
    assert float((restored(y, prior) - clean).square().mean()) < 0.5 * float((y - clean).square().mean())


def test_half_precision_is_kept() -> None:
    y = noisy(FACE[:, :24, :24])
    x = restored(y.half(), priors.NonLocal())
    assert x.dtype == torch.float16
    assert torch.allclose(x.float(), restored(y, priors.NonLocal()), atol=0.01)


def test_a_batch_is_each_picture_alone() -> None:
    y = noisy(torch.stack([FACE[:, :24, :24], FACE[:, 24:48, :24]]))
    problem = Problem(operators.Identity(y.shape[1:]), y, noise=WHITE, prior=priors.NonLocal())
    assert torch.allclose(solve(problem).x[1], restored(y[1], priors.NonLocal()), atol=1e-5)


def test_complex_images_are_two_channels() -> None:
    parts = FACE[:2, :32, :32]
    image = torch.complex(parts[0], parts[1])[None]
    y = noisy(image)
    x = restored(y, priors.NonLocal())
    assert x.is_complex()
    assert float((x - image).abs().square().mean()) < 0.25 * float((y - image).abs().square().mean())


# --- the noise


def test_an_even_map_is_its_number() -> None:
    y = noisy(FACE[:, :32, :32])
    as_map = noise.Gaussian(torch.full((3, 32, 32), 25 / 255))
    assert torch.allclose(restored(y, priors.NonLocal(), as_map), restored(y, priors.NonLocal()), atol=1e-4)


@pytest.mark.parametrize(
    "model",
    [noise.Gaussian(torch.linspace(0.04, 0.2, 64).expand(1, 64, 64)), noise.Poisson(0.05)],
    ids=["vignette", "photons"],
)
def test_the_model_of_the_noise_is_used(model: noise.Noise) -> None:
    y = noisy(FACE, model)
    white = noise.Gaussian(Problem(operators.Identity(y.shape), y, noise=model, prior=priors.TV()).data_terms[0].sigma)
    mine = metrics.psnr(restored(y, priors.NonLocal(), model), FACE)
    assert mine > metrics.psnr(restored(y, priors.NonLocal(), white), FACE) + 0.3


def test_patches_of_a_group_have_noise_alike() -> None:
    # a picture so small that every region holds all levels
    model = noise.Gaussian(torch.linspace(0.04, 0.3, 48).expand(1, 48, 48))
    flat = torch.full((3, 48, 48), 0.5)
    y = noisy(flat, model)
    calm = (restored(y, priors.NonLocal(), model) - flat)[..., :12]
    assert float(calm.square().mean().sqrt()) < 0.02


# --- its parts


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 2),
    st.integers(4, 90),
    st.integers(4, 90),
    st.sampled_from([Search(4, 4, 3), Search(4, 3, 5, frames=1), Search(3, 1, 2)]),
)
def test_reference_patches_cover_every_pixel(depth: int, height: int, width: int, search: Search) -> None:
    seen = torch.zeros(depth * height * width, dtype=torch.bool)
    p = search.patch
    for tile in tiles(torch.zeros(depth, 1, height, width), search):
        first = torch.take_along_dim(tile.corners, tile.references, 1)
        assert bool((first >= 0).all())
        for i in range(p):
            for j in range(p):
                seen[first + i * width + j] = True
    assert bool(seen.all())


def test_the_nearest_patches_are_those_of_brute_force() -> None:
    film, search = randn(1, 2, 20, 17), Search(3, 3, 4)
    tile = next(tiles(film, search))
    patches, corners = tile.patches(film), tile.corners
    found = nearest(patches, tile.references, corners, 6).view(len(patches), -1, 6)
    for n in range(len(patches)):
        for r, reference in enumerate(tile.references[n].tolist()):
            far = (patches[n] - patches[n, reference]).square().sum(1).masked_fill(corners[n] < 0, torch.inf)
            best = corners[n, far.argsort()[:6]]
            assert found[n, r, 0] == corners[n, reference]
            assert set(found[n, r].tolist()) == set(best.tolist())


def test_a_patch_is_where_its_corner_says() -> None:
    film, search = randn(2, 3, 12, 14), Search(3, 3, 2, frames=1)
    flat = film.permute(0, 2, 3, 1).reshape(-1, 3)
    for tile in tiles(film, search):
        patches = tile.patches(film).view(*tile.corners.shape, 3, 3, 3)
        for n, position in (tile.corners >= 0).nonzero()[::37].tolist():
            first = int(tile.corners[n, position])
            there = torch.stack([flat[first + 14 * i : first + 14 * i + 3] for i in range(3)])  # (3, 3, C)
            assert torch.equal(patches[n, position].movedim(0, -1), there)


def test_bayes_is_its_formula() -> None:
    y, x = randn(2, 9, 4, 3), randn(2, 9, 4, 3)
    correlation = torch.zeros(3, 3, 3, 3, dtype=torch.float64)
    correlation[:, :, 1, 1] = torch.tensor([[1, 0.3, 0], [0.3, 1, 0.2], [0, 0.2, 1]])
    correlation[range(3), range(3), 1, 0] = correlation[range(3), range(3), 1, 2] = 0.4
    for field in (NoiseField(torch.tensor(0.3).double()), NoiseField(torch.tensor(0.3).double(), correlation)):
        estimate, _ = bayes(field, 3, 2)(y, x, None)
        N = MU * 0.3 * field.within(3, 2)
        for b in range(2):
            Y, X = y[b].flatten(1), x[b].flatten(1)
            S = torch.cov(X.T, correction=0)
            expected = Y - (Y - X.mean(0)) @ torch.linalg.inv(S + N) @ N
            assert torch.allclose(estimate[b].flatten(1), expected, atol=1e-8)


def test_the_correlation_within_a_patch_is_that_of_samples() -> None:
    kernel = torch.tensor([[0.2, 0.5, 0.1], [0.4, 1.0, 0.3], [0.0, 0.2, 0.6]], dtype=torch.float64)
    kernel = kernel / kernel.norm()
    auto = torch.nn.functional.conv2d(kernel[None, None], kernel[None, None], padding=2)[0, 0]
    field = NoiseField(torch.tensor(1.0).double(), auto[None, None])
    white = torch.randn(20_000, 1, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    patches = torch.nn.functional.conv2d(white, kernel[None, None]).flatten(1)
    assert torch.allclose(torch.cov(patches.T), field.within(1, 3), atol=0.04)


def test_a_group_above_the_threshold_is_kept_and_noise_is_not() -> None:
    field = NoiseField(torch.tensor(1.0).double())
    estimate = threshold(field, 1, 4, 8)
    strong = 1e3 * randn(2, 8, 16, 1)
    kept, weights = estimate(strong, strong, None)
    assert float((kept - strong).abs().max()) < 3 * 2.7
    assert float(weights.max()) < 1 / 64
    weak = 0.1 * randn(2, 8, 16, 1)
    gone, weights = estimate(weak, weak, None)
    assert torch.allclose(gone, weak.mean((1, 2, 3), keepdim=True).expand_as(weak))
    assert torch.allclose(weights, torch.ones_like(weights))


def test_channels_are_decorrelated_by_a_rotation_that_begins_with_the_mean() -> None:
    M = decorrelation(FACE[None].double())
    assert torch.allclose(M @ M.T, torch.eye(3, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(M[0], torch.full((3,), 3**-0.5, dtype=torch.float64))


def test_a_group_is_no_larger_than_what_there_is() -> None:
    search, count = fitting(COLOURS, torch.zeros(1, 3, 7, 9), 60, 0)
    assert count == 3 * 5
    assert fitting(FIRST, torch.zeros(1, 3, 4, 100), 16, 0)[0].patch == 4
    assert search.patch == 5


# --- films and volumes


def moving(step: int, frames: int = 5) -> Tensor:
    return torch.stack([ASTRONAUT[:, 60:108, 180 + step * k : 228 + step * k] for k in range(frames)])


def test_motion_is_followed() -> None:
    gray = moving(4).mean(1)
    where = torch.tensor([2]), torch.tensor([8]), torch.tensor([12])
    found = followed(gray, *where, size=24, frames=2)
    # the picture moves to the left by four pixels a frame
    assert found[0].tolist() == [[0, 8], [0, 4], [0, 0], [0, -4], [0, -8]]


@pytest.mark.parametrize("step", [0, 4])
def test_a_film_is_better_than_its_frames(step: int) -> None:
    clean = moving(step)
    y = noisy(clean)
    alone = metrics.psnr(restored(y, priors.NonLocal(frames=0)), clean)
    assert metrics.psnr(restored(y, priors.NonLocal()), clean) > alone + 0.7


def test_slices_of_a_volume_are_searched_as_well() -> None:
    clean = moving(0)[:, 1]
    y = noisy(clean)
    volume = metrics.psnr(restored(y, priors.NonLocal(axes=(-3, -2, -1))), clean)
    slices = torch.stack([restored(one, priors.NonLocal()) for one in y])
    assert volume > metrics.psnr(slices, clean) + 0.7


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: priors.NonLocal(axes=(-1,)), "searches along axes"),
        (lambda: priors.NonLocal(frames=-1), "0 to 8 neighbouring frames"),
        (lambda: priors.NonLocal().terms((5,)), r"takes an image \(H, W\)"),
        (lambda: priors.NonLocal(axes=(-3, -2, -1)).terms((2, 3, 4, 5)), r"takes an image \(D, H, W\)"),
        (lambda: priors.NLM(0.0), "positive strength"),
    ],
)
def test_what_it_does_not_take_is_said(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(InvpriorError, match=said):
        make()
