"""Steps that hold a part of the measured values back from the network."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError, Iterate, Operator, Problem, noise, solve, solvers, stop
from invprior.data_term import DataTerm
from invprior.linear_operator import LinearOperator
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.prior import Prior
from invprior.priors import DIP, TGV, NoPrior
from invprior.solvers.held_back import SHOWN, HeldBack
from tests.helpers import photograph, psnr, randn

SHAPE = (2, 12, 12)
WIDE = torch.ones(3, 3, dtype=torch.float64) / 9
HALF = torch.arange(12 * 12).reshape(12, 12) % 2 == 0
OPERATORS = {
    "identity": Identity(SHAPE),
    "mask": Mask(SHAPE, HALF),
    "blur": Blur(SHAPE, WIDE, boundary="periodic"),
    "lanczos": Lanczos(SHAPE, 2),
}


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def problem(A: LinearOperator, seed: int = 0, prior: Prior | None = None) -> Problem:
    y = A(randn(*SHAPE, seed=seed))
    return Problem(A, y, noise=noise.Gaussian(0.3), prior=NoPrior() if prior is None else prior)


@pytest.mark.parametrize("name", OPERATORS)
@given(seed=st.integers(0, 99), share=st.floats(0.1, 0.9))
def test_what_is_held_back_does_not_show(name: str, seed: int, share: float) -> None:
    p = problem(OPERATORS[name])
    part = HeldBack.draw(p, share, rng(seed))
    d = p.data_terms[0]
    change = randn(*d.y.shape, seed=seed) * part.held[0]
    other = Problem.from_terms([DataTerm(d.operator, d.y + change, d.noise)], NoPrior())
    other.once(Problem.flat).copy_(p.once(Problem.flat))  # the mean alone follows from all values
    again = HeldBack.draw(other, share, rng(seed))
    assert torch.equal(part.held[0], again.held[0])
    assert torch.allclose(part.seen.image, again.seen.image, rtol=0, atol=1e-12)
    assert torch.equal(part.seen.known, again.seen.known)


@pytest.mark.parametrize("name", OPERATORS)
@given(seed=st.integers(0, 99))
def test_the_parts_of_a_split_add_up_to_the_whole(name: str, seed: int) -> None:
    p = problem(OPERATORS[name])
    d = p.data_terms[0]
    part = HeldBack.draw(p, 0.3, rng(seed))
    rest = HeldBack(p, (~part.held[0] & d.observed,), 0.3, part.seen)
    x = randn(*SHAPE, seed=seed + 1)
    whole = p.objective(x)
    held = [0.3 * (h.objective(x) - SHOWN * whole) for h in (part, rest)]
    assert torch.allclose(held[0] + held[1], whole, rtol=1e-9)
    assert bool((held[0] > 0) & (held[1] > 0))


@pytest.mark.parametrize("name", OPERATORS)
def test_what_is_known_of_a_pixel_is_a_share(name: str) -> None:
    p = problem(OPERATORS[name])
    part = HeldBack.draw(p, 0.4, rng(1))
    known = part.seen.known
    assert tuple(known.shape) == SHAPE
    assert bool(((known >= 0) & (known <= 1)).all())
    if name == "identity":
        assert torch.equal(known, (~part.held[0]).to(known))
    if name == "mask":
        assert float(known[..., ~HALF].max()) == 0


def test_no_values_of_correlated_noise_are_left_out() -> None:
    A = Identity(SHAPE)
    model = noise.Coloured(0.1, 1.0)
    p = Problem(A, model.sample(randn(*SHAPE), rng(0)), noise=model, prior=NoPrior())
    x = randn(*SHAPE, seed=5)
    assert torch.equal(HeldBack.draw(p, 0.3, rng(0)).objective(x), p.objective(x))


@pytest.mark.parametrize("prior", [DIP("steady"), DIP("steady") + 0.01 * TGV()])
def test_a_solve_goes_on_bit_for_bit(prior: Prior) -> None:
    y = photograph(size=32).float()
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)
    whole = solve(p, stop=stop.MaxIterations(24))
    half = solve(p, stop=stop.MaxIterations(12))
    assert torch.equal(solve(p, stop=stop.MaxIterations(24), state=half.state).x, whole.x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
def test_complex_images_and_other_ranges(dtype: torch.dtype) -> None:
    scene = 4000 * photograph(size=32).float()[:2] + 500
    x = scene.to(dtype) if dtype == torch.float32 else torch.complex(scene, scene.flip(-1))
    y = noise.Gaussian(100.0).sample(x, rng(0))
    r = solve(Problem(Identity(x.shape), y, noise=noise.Gaussian(100.0), prior=DIP("steady", iterations=120)))
    assert r.x.dtype == dtype
    # 22 dB of the range
    assert float((r.x - x).abs().square().mean().sqrt()) < 0.08 * 4000 * (2 if dtype.is_complex else 1) ** 0.5


def test_without_an_average_the_estimate_is_the_last_image() -> None:
    y = photograph(size=32).float()
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP("steady"))
    r = solve(p, solvers.Adam(), stop=stop.MaxIterations(4))
    assert torch.equal(r.x, r.state.solver_state.x)


def test_there_is_nothing_to_stop() -> None:
    clean = photograph(size=64).float()
    y = noise.Gaussian(0.15).sample(clean, rng(0))
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.15), prior=DIP("steady"))
    scores: list[float] = []

    def note(iterate: Iterate) -> None:
        if iterate.iteration >= 40 and iterate.iteration % 20 == 0:
            scores.append(psnr(iterate.x, clean))

    solve(p, stop=stop.MaxIterations(300), callbacks=[note])
    assert scores[-1] > psnr(y, clean) + 5
    assert max(scores) - scores[-1] < 0.15


class Square(Operator):
    """x², which has no back-projection."""

    def __init__(self) -> None:
        super().__init__((1, 16, 16), (1, 16, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x


def test_an_operator_that_is_not_linear_is_refused() -> None:
    p = Problem(Square(), torch.rand(1, 16, 16), noise=noise.Gaussian(0.1), prior=DIP("steady"))
    with pytest.raises(InvpriorError, match=r"is not linear and has none; take priors.DIP\(\)"):
        solve(p)
