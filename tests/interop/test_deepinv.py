"""deepinv's physics in our problems, and our operators in deepinv's solvers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import deepinv.physics as dinv
import pytest
import torch
from deepinv.optim import L2, PGD, TVPrior
from torch import Tensor, nn

import invprior as ip
from invprior import InvpriorError, LinearOperator, Problem, noise, solve
from invprior.interop.deepinv import LinearPhysicsOperator, OperatorPhysics, from_physics, to_physics
from invprior.operators import FiniteDifference, Lanczos, Mask
from invprior.priors import TV, NoPrior
from invprior.stop import MaxIterations, RelativeGap
from tests.helpers import adjoint_error, photograph, psnr, randn

N = 16


def _rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _psf() -> Tensor:
    psf = torch.rand(1, 1, 5, 4, generator=_rng())
    return psf / psf.sum()


def _known() -> Tensor:
    return (torch.rand(N, N, generator=_rng()) > 0.4).float()


CASES: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "Tomography": ((1, N, N), lambda: dinv.Tomography(angles=12, img_width=N, normalize=True)),
    "Tomography, fan beam": ((1, N, N), lambda: dinv.Tomography(12, N, normalize=True, fan_beam=True)),
    "MRI": ((2, N, N), lambda: dinv.MRI(mask=_known())),
    "BlurFFT": ((1, N, N), lambda: dinv.BlurFFT((1, N, N), filter=_psf())),
    "BlurFFT, odd": ((3, 15, 17), lambda: dinv.BlurFFT((3, 15, 17), filter=_psf())),
    "Inpainting": ((3, N, N), lambda: dinv.Inpainting((3, N, N), mask=0.5, rng=_rng())),
    "CompressedSensing": ((1, N, N), lambda: dinv.CompressedSensing(m=120, img_size=(1, N, N), rng=_rng())),
    "CompressedSensing, channelwise": (
        (2, N, N),
        lambda: dinv.CompressedSensing(m=120, img_size=(2, N, N), channelwise=True, rng=_rng()),
    ),
    "SinglePixelCamera": ((1, N, N), lambda: dinv.SinglePixelCamera(m=120, img_size=(1, N, N), rng=_rng())),
    "SinglePixelCamera, dense": (
        (1, N, N),
        lambda: dinv.SinglePixelCamera(m=120, img_size=(1, N, N), fast=False, rng=_rng()),
    ),
}

every_case = pytest.mark.parametrize(("shape", "build"), CASES.values(), ids=CASES)


@every_case
def test_the_operator_is_the_physics_without_its_noise(shape: tuple[int, ...], build: Callable[[], Any]) -> None:
    physics = build()
    physics.set_noise_model(dinv.GaussianNoise(1.0))
    A = from_physics(physics, shape)
    x = randn(*shape, dtype=torch.float32)
    y = randn(*A.out_shape, seed=1, dtype=torch.float32)
    assert A.in_shape == shape
    assert torch.equal(A(x), physics.A(x[None])[0])
    assert torch.equal(A.H(y), physics.A_adjoint(y[None])[0])
    assert not A(x).requires_grad


@every_case
@pytest.mark.parametrize("adjoint", ["physics", "autograd"])
def test_the_adjoint_is_right_in_both_precisions(
    shape: tuple[int, ...], build: Callable[[], Any], adjoint: Any
) -> None:
    A = from_physics(build(), shape, adjoint=adjoint)
    assert max(adjoint_error(A, seed, torch.float32) for seed in range(5)) < 1
    in_single = A(photograph(size=17)[:1, : shape[-2], : shape[-1]].expand(shape).float())
    A.to(torch.float64)
    assert max(adjoint_error(A, seed) for seed in range(5)) < 1
    in_double = A(photograph(size=17)[:1, : shape[-2], : shape[-1]].expand(shape))
    assert in_double.dtype == torch.float64
    # a phase that lost its imaginary part, or a stale closure, would show here
    assert float((in_double - in_single).norm() / in_double.norm()) < 1e-6


@every_case
def test_leading_axes_pass_through(shape: tuple[int, ...], build: Callable[[], Any]) -> None:
    A = from_physics(build(), shape)
    x = randn(2, 3, *shape, dtype=torch.float32)
    y = A(x)
    assert y.shape == (2, 3, *A.out_shape)
    assert torch.allclose(y[1, 2], A(x[1, 2]), atol=1e-5)
    back = A.H(y.transpose(0, 1))
    assert torch.allclose(back[2, 1], A.H(y[1, 2]), atol=1e-5)


@every_case
def test_dtype_never_changes_silently(shape: tuple[int, ...], build: Callable[[], Any]) -> None:
    with pytest.raises(InvpriorError, match=r"holds torch.float32 but got torch.float64; convert one with .to\(\)"):
        from_physics(build(), shape)(randn(*shape))


@every_case
def test_solve_runs_and_comes_nearer(shape: tuple[int, ...], build: Callable[[], Any]) -> None:
    A = from_physics(build(), shape)
    truth = photograph(size=17)[:1, : shape[-2], : shape[-1]].expand(shape).float()
    y = noise.Gaussian(0.01).sample(A(truth), _rng())
    back = Problem(A, y, noise=noise.Gaussian(0.01), prior=NoPrior()).start()
    least = solve(Problem(A, y, noise=noise.Gaussian(0.01), prior=NoPrior()), stop=MaxIterations(30))
    smooth = solve(Problem(A, y, noise=noise.Gaussian(0.01), prior=10 * TV()), stop=MaxIterations(300))
    assert type(least.solver).__name__ == "ConjugateGradient"
    assert type(smooth.solver).__name__ == "PDHG"
    # where the rows of A are orthonormal, the back-projection is a solution already
    assert (A(least.x) - y).norm() <= 1.001 * (A(back) - y).norm()
    assert least.history[-1]["residual"] < 0.05
    assert psnr(smooth.x, truth) > psnr(back, truth)


def test_a_physics_in_double_precision_stays_there() -> None:
    A = from_physics(dinv.Tomography(12, N, normalize=False, dtype=torch.float64), (1, N, N))
    assert adjoint_error(A) < 1
    physics = dinv.Tomography(12, N, normalize=False)
    physics.A_adjoint(physics.A(torch.zeros(1, 1, N, N)))
    assert adjoint_error(from_physics(physics.to(torch.float64), (1, N, N))) < 1


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature:UserWarning")  # torch, in deepinv's constructor
def test_a_complex_physics() -> None:
    physics = dinv.CompressedSensing(m=50, img_size=(1, 8, 8), dtype=torch.cfloat, rng=_rng())
    A = from_physics(physics, (1, 8, 8))
    assert A.in_complex
    assert A.out_complex
    x = torch.complex(randn(1, 8, 8), randn(1, 8, 8, seed=1))
    A.to(torch.float64)
    assert A(x).dtype == torch.complex128
    assert float((A.gram(x) * x.conj()).sum().imag.abs()) < 1e-12
    with pytest.raises(InvpriorError, match="takes a complex tensor"):
        A(x.real)


def test_composition_with_our_operators() -> None:
    blur = from_physics(dinv.BlurFFT((1, N, N), filter=_psf()), (1, N, N))
    A = Lanczos((1, N, N), 2) @ blur @ Mask((1, N, N), _known() > 0)
    assert A.out_shape == (1, 8, 8)
    assert adjoint_error(A.to(torch.float64)) < 1
    assert repr(blur) == "LinearPhysicsOperator(BlurFFT, (1, 16, 16))"
    assert 0.99 < blur.norm() < 1.01


@pytest.mark.parametrize("adjoint", ["physics", "autograd"])
def test_an_approximate_adjoint_is_refused(adjoint: Any) -> None:
    physics = dinv.Tomography(12, N, normalize=True, adjoint_via_backprop=False)
    with pytest.raises(InvpriorError, match=r"Tomography is off by \d\.\de-03 .* adjoint_via_backprop=True"):
        from_physics(physics, (1, N, N), adjoint=adjoint)
    assert from_physics(physics, (1, N, N), check=False).out_shape == (1, 23, 12)


@pytest.mark.parametrize("wrong", [lambda y: 1.0001 * y, lambda y: y * torch.nan])
def test_a_wrong_adjoint_has_its_remedy_in_autograd(wrong: Callable[[Tensor], Tensor]) -> None:
    physics = dinv.LinearPhysics(A=lambda x: 2 * x, A_adjoint=lambda y: wrong(2 * y))
    with pytest.raises(InvpriorError, match=r"LinearPhysics is off by .*: adjoint='autograd' takes the exact one"):
        from_physics(physics, (1, 5, 5))
    assert adjoint_error(from_physics(physics, (1, 5, 5), adjoint="autograd"), dtype=torch.float32) < 1


def test_what_is_no_single_linear_map_is_refused_or_left_without_adjoint() -> None:
    inpainting = dinv.Inpainting((1, N, N), mask=0.5, rng=_rng())
    with pytest.raises(InvpriorError, match=r"wrap each part with from_physics and join them with operators.Stack"):
        from_physics(dinv.stack(inpainting, inpainting), (1, N, N))
    with pytest.raises(InvpriorError, match="parameters for a batch of 3; build one physics for each"):
        from_physics(dinv.Inpainting((1, N, N), mask=torch.ones(3, 1, N, N)), (1, N, N))
    with pytest.raises(InvpriorError, match=r"Tomography does not take an image of shape \(1, 9, 9\)"):
        from_physics(dinv.Tomography(12, N, normalize=False), (1, 9, 9))
    with pytest.raises(InvpriorError, match="adjoint must be 'physics' or 'autograd'"):
        from_physics(inpainting, (1, N, N), adjoint="exact")  # type: ignore[call-overload]
    squares = from_physics(dinv.Physics(A=lambda x: x.square()), (1, 4, 4))
    assert not isinstance(squares, LinearOperator)
    assert torch.equal(squares(torch.full((2, 1, 4, 4), 3.0)), torch.full((2, 1, 4, 4), 9.0))


@every_case
def test_there_and_back(shape: tuple[int, ...], build: Callable[[], Any]) -> None:
    physics = build()
    again = to_physics(from_physics(physics, shape))
    x = randn(2, *shape, dtype=torch.float32)
    assert torch.equal(again.A(x), physics.A(x))
    assert torch.equal(again(x), again.A(x))
    A = from_physics(again, shape)
    assert torch.equal(A.H(A(x)), physics.A_adjoint(physics.A(x)))


@pytest.mark.parametrize(
    "A",
    [Lanczos((3, 17, 12), 3), Mask((1, 9, 9), _known()[:9, :9]), FiniteDifference((1, 8, 7))],
    ids=lambda A: type(A).__name__,
)
def test_our_operators_pass_the_adjointness_test_of_deepinv(A: LinearOperator) -> None:
    physics = to_physics(A)
    assert isinstance(physics, dinv.LinearPhysics)
    assert float(physics.adjointness_test(torch.zeros(1, *A.in_shape), num_samples=4)) < 1e-5
    assert float(physics.adjointness_test(img_size=A.in_shape, num_samples=4)) < 1e-5
    norm = physics.compute_norm(torch.zeros(1, *A.in_shape), squared=False, max_iter=2000, tol=1e-5, verbose=False)
    assert float(norm) == pytest.approx(A.norm(), rel=0.01)


def test_buffers_move_with_the_physics() -> None:
    physics = to_physics(Mask((1, N, N), _known())).to(torch.float64)
    assert float(physics.adjointness_test(torch.zeros(1, 1, N, N, dtype=torch.float64))) < 1e-13
    assert physics.clone().A(randn(1, 1, N, N)).dtype == torch.float64
    assert all(t.device.type == "meta" for t in to_physics(Mask((1, N, N), _known())).to("meta").buffers())


def test_noise_is_drawn_by_deepinv() -> None:
    A = Lanczos((1, 64, 64), 2)
    physics = to_physics(A, noise.Gaussian(0.2))
    x = photograph(size=64)[:1].float()[None]
    torch.manual_seed(0)
    assert float((physics(x) - physics.A(x)).std()) == pytest.approx(0.2, rel=0.05)
    assert float((physics(x, sigma=0.4) - physics.A(x)).std()) == pytest.approx(0.4, rel=0.05)
    assert torch.equal(to_physics(A)(x), A(x))


def test_what_deepinv_cannot_take_is_refused() -> None:
    with pytest.raises(InvpriorError, match="one sigma"):
        to_physics(Lanczos((1, 8, 8), 2), noise.Gaussian(torch.tensor([0.1, 0.2])))
    with pytest.raises(InvpriorError, match=r"is not linear; take deepinv.physics.Physics\(A=operator\)"):
        to_physics(from_physics(dinv.Physics(), (1, 4, 4)))


def _pgd(physics: OperatorPhysics, y: Tensor, weight: float, steps: int, prior: nn.Module | None) -> Tensor:
    solver = PGD(data_fidelity=L2(), prior=prior, lambda_reg=weight, stepsize=1.0, max_iter=steps)
    with torch.no_grad():
        x: Tensor = solver(y[None], physics)[0]
    return x


def test_proximal_gradients_of_deepinv_reach_our_least_squares() -> None:
    x = photograph(size=N)[:1].float()
    A = Lanczos(x.shape, 2)
    y = A(x)
    ours = solve(Problem(A, y, noise=noise.Gaussian(1.0), prior=NoPrior()))
    theirs = _pgd(to_physics(A), y, 0.0, 300, None)
    assert float((A(theirs) - y).square().sum()) < 1e-6 * float(y.square().sum())
    assert float((A(ours.x) - y).square().sum()) < 1e-6 * float(y.square().sum())
    # both of least norm: PGD starts from Aᴴy, CG from zero
    assert float((theirs - ours.x).norm() / ours.x.norm()) < 1e-2


def test_proximal_gradients_of_deepinv_reach_our_total_variation() -> None:
    x = photograph(size=N)[:1].float()
    A = Lanczos(x.shape, 2)
    y = noise.Gaussian(0.05).sample(A(x), _rng())
    problem = Problem(A, y, noise=noise.Gaussian(1.0), prior=0.01 * TV())
    ours = solve(problem, stop=RelativeGap(1e-5) | MaxIterations(3000))
    theirs = _pgd(to_physics(A), y, 0.01, 100, TVPrior(n_it_max=200))
    best, reached = float(problem.objective(ours.x)), float(problem.objective(theirs))
    assert best * (1 - 1e-4) < reached < best * 1.01


def test_without_deepinv_the_message_says_what_to_install() -> None:
    code = """
import sys
sys.modules["deepinv"] = None
import invprior as ip
try:
    ip.interop.deepinv
except ip.InvpriorError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "invprior.interop.deepinv needs deepinv; pip install -e '.[deepinv]' in the clone"


def test_the_bridge_loads_on_first_use() -> None:
    code = """
import sys, invprior as ip
before = ip.interop.__name__, "deepinv" in sys.modules
print(*before, ip.interop.deepinv.from_physics.__name__, "deepinv" in sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["invprior.interop", "False", "from_physics", "True"]
    assert "deepinv" in dir(ip.interop)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ip.interop.nothing
    assert issubclass(LinearPhysicsOperator, LinearOperator)


def test_a_physics_that_is_not_linear_is_found_out() -> None:
    class Offset(dinv.LinearPhysics):  # type: ignore[misc]
        def A(self, x: Tensor, **kwargs: Any) -> Tensor:
            return x + 1e-3 * x.square()

        def A_adjoint(self, y: Tensor, **kwargs: Any) -> Tensor:
            return y

    with pytest.raises(InvpriorError, match="adjoint of Offset is off by"):
        from_physics(Offset(), (1, 6, 5))

    class Centred(dinv.LinearPhysics):  # type: ignore[misc]
        def A(self, x: Tensor, **kwargs: Any) -> Tensor:
            return x - x.mean(0, keepdim=True) if len(x) > 1 else x

        def A_adjoint(self, y: Tensor, **kwargs: Any) -> Tensor:
            return y

    with pytest.raises(InvpriorError, match=r"Centred breaks the law of batch .* accept it with check=False"):
        from_physics(Centred(), (1, 6, 5))
    assert from_physics(Centred(), (1, 6, 5), check=False).out_shape == (1, 6, 5)
