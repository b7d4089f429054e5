"""Tiles against the whole picture: shares, seams, one stop for all."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import DataTerm, InvpriorError, LinearOperator, Prior, Problem, noise, operators, priors, solve, stop
from invprior.solvers import PDHG, ConjugateGradient, Muon, Restarts, Tiled
from invprior.solvers.loop import choose
from invprior.solvers.mosaic import Mosaic
from invprior.stop.held_out import hold_out
from tests.helpers import photograph, randn

PSF = torch.tensor([[0.0, 1, 0], [2, 4, 1], [0, 2, 0]], dtype=torch.float64) / 10
CLEAN = photograph(size=96)
SHAPE = tuple(CLEAN.shape)
OPERATORS: dict[str, LinearOperator] = {
    "identity": operators.Identity(SHAPE),
    "mask": operators.Mask.random(SHAPE, 0.5, torch.Generator().manual_seed(0)),
    "lanczos": operators.Lanczos(SHAPE, factor=2),
    "blur": operators.Blur(SHAPE, PSF),
    "lanczos of blur": 2.0 * operators.Lanczos(SHAPE, factor=2) @ operators.Blur(SHAPE, PSF),
}


def problem(A: LinearOperator, prior: Prior, sigma: float = 0.1) -> Problem:
    model = noise.Gaussian(sigma)
    return Problem(A, model.sample(A(CLEAN), torch.Generator().manual_seed(0)), noise=model, prior=prior)


@given(st.integers(8, 90), st.integers(8, 90), st.integers(8, 40), st.data())
def test_the_shares_sum_to_one_and_leave_cut_edges_out(H: int, W: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(1, size // 2))
    x = randn(1, H, W)
    p = Problem(operators.Identity(x.shape), x, noise=noise.Gaussian(1.0), prior=priors.NoPrior())
    mosaic = Mosaic.cut(p, size, overlap)
    joined = mosaic.join(tile.window.of(x) for tile in mosaic.tiles)
    assert torch.allclose(joined, x, atol=1e-14)
    for tile in mosaic.tiles:
        w = tile.window
        assert (w.height, w.width) == (min(size, H), min(size, W))
        if overlap >= 4:
            assert w.top == 0 or float(tile.share[0].max()) == 0
            assert w.right == W or float(tile.share[:, -1].max()) == 0


def seam_energy(x: Tensor, seams: Tensor) -> tuple[float, float]:
    """Mean squared differences along the columns, in the overlaps and elsewhere."""
    steps = x.diff(dim=-1).square().mean((0, 1))
    return float(steps[seams].mean()), float(steps[~seams].mean())


@pytest.mark.parametrize("name", OPERATORS)
def test_tiles_show_no_seams(name: str) -> None:
    p = problem(OPERATORS[name], 10 * priors.TV())
    tight = stop.RelativeGap(1e-5) | stop.MaxIterations(400)
    whole = solve(p, PDHG(), stop=tight).x
    tiled = solve(p, Tiled(PDHG(), 64, 24), stop=tight).x
    apart = tiled - whole
    assert float(apart.abs().max()) < 0.02
    seams = torch.zeros(95, dtype=torch.bool)
    seams[38:58] = True  # columns 40 to 56 are in both tiles
    across, inside = seam_energy(tiled - CLEAN, seams)
    whole_across, whole_inside = seam_energy(whole - CLEAN, seams)
    assert across / inside < 1.02 * whole_across / whole_inside


def test_quadratic_problems_agree_to_the_last_digits() -> None:
    p = problem(OPERATORS["identity"], 10 * priors.Tikhonov())
    tight = stop.Stationary(1e-12) | stop.MaxIterations(500)
    whole, tiled = (solve(p, s, stop=tight).x for s in (ConjugateGradient(), Tiled(ConjugateGradient(), 72, 36)))
    assert float((tiled - whole).abs().max()) < 1e-3  # what lies 9 pixels beyond the cut has that much of a say


def test_one_tile_is_the_whole() -> None:
    p = problem(OPERATORS["blur"], 10 * priors.TV())
    limit = stop.MaxIterations(30)
    whole, tiled = solve(p, PDHG(), stop=limit), solve(p, Tiled(PDHG(), 96, 10), stop=limit)
    assert torch.equal(whole.x, tiled.x)
    assert [row["gap"] for row in whole.history] == [row["gap"] for row in tiled.history]


@pytest.mark.parametrize("prior", [priors.TGV(), priors.TV() + priors.Box(0, 1)], ids=repr)
def test_a_lifted_or_bounded_prior_in_tiles(prior: Prior) -> None:
    p = problem(OPERATORS["mask"], 5 * prior if isinstance(prior, priors.TGV) else prior)
    limit = stop.MaxIterations(150)
    whole, tiled = solve(p, PDHG(), stop=limit), solve(p, Tiled(PDHG(), 64, 32), stop=limit)
    assert tiled.x.shape == SHAPE
    assert float((whole.x - tiled.x).abs().mean()) < 2e-3
    assert tiled.history[-1]["gap"] < 0.05 * tiled.history[-1]["value"]


def test_networks_in_tiles_stop_together_and_agree_at_the_seams() -> None:
    model, clean = noise.Gaussian(0.1), CLEAN.float()
    y = model.sample(clean, torch.Generator().manual_seed(0))
    p = Problem(OPERATORS["identity"], y, noise=model, prior=priors.DIP())
    recipe = choose(p).in_tiles(64, 24)
    assert isinstance(recipe.solver, Restarts)
    assert isinstance(recipe.solver.inner, Tiled)
    assert isinstance(recipe.solver.inner.inner, Muon)
    once = replace(recipe.solver, times=1, each=stop.MaxIterations(30))
    result = solve(p, once, stop=once.default_stop())
    assert result.iterations == 30
    seams = torch.zeros(95, dtype=torch.bool)
    seams[38:58] = True
    across, inside = seam_energy(result.x - clean, seams)
    assert across < inside
    tiles = [tile.read() for tile in result.state.solver_state.inner.inner]  # they wait on disk
    assert len(tiles) == 4
    assert {tile.iteration for tile in tiles} == {30}
    # a network of its own for each, and not the same one again
    assert not torch.equal(tiles[0].weights.theta, tiles[1].weights.theta)


def test_a_solve_in_tiles_goes_on() -> None:
    p = problem(OPERATORS["lanczos"], 5 * priors.TV())
    solver = Tiled(PDHG(), 56, 16)
    whole = solve(p, solver, stop=stop.MaxIterations(20))
    half = solve(p, solver, stop=stop.MaxIterations(10))
    assert torch.equal(solve(p, solver, stop=stop.MaxIterations(20), state=half.state).x, whole.x)


def test_a_start_is_cut_too() -> None:
    p = problem(OPERATORS["identity"], priors.NoPrior())
    state = Tiled(ConjugateGradient(), 56, 16).init(p, CLEAN, torch.Generator())
    assert torch.allclose(state.x, CLEAN, atol=1e-14)


def test_levels_of_noise_and_held_out_pixels_are_cut_with_the_measurement() -> None:
    A = OPERATORS["mask"]
    sigma = torch.linspace(0.05, 0.2, 96, dtype=torch.float64).expand(96, 96)
    model = noise.Gaussian(sigma)
    p = hold_out(Problem(A, model.sample(A(CLEAN)), noise=model, prior=priors.TV()), 0.1, 0)
    whole = sum(float(d.term(CLEAN)) for d in p.data_terms)
    tiles = Mosaic.cut(p, 48, 1).tiles
    parts = sum(float(d.term(tile.window.of(CLEAN))) for tile in tiles for d in tile.restricted(p).data_terms)
    assert len(tiles) == 9
    again = Mosaic.cut(p, 96, 1).tiles[0].restricted(p)
    assert float(again.data_terms[0].term(CLEAN)) == pytest.approx(whole)
    assert parts > whole  # what two tiles share is fitted by both
    halves = [tiles[k].restricted(problem(A, priors.TV())).data_terms[0] for k in (0, 1)]
    assert all(isinstance(d, DataTerm) for d in halves)


def test_what_cannot_be_cut_is_named() -> None:
    with pytest.raises(InvpriorError, match="overlap by 1 to 28 pixels, got 40"):
        Tiled(PDHG(), 56, 40)
    whole = operators.Fourier(SHAPE)
    p = Problem(whole, whole(CLEAN), noise=noise.Gaussian(0.1), prior=priors.NoPrior())
    with pytest.raises(InvpriorError, match="cannot be restricted to a window of 56×56 pixels; take larger tiles"):
        solve(p, Tiled(ConjugateGradient(), 56, 16))
