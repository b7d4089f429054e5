"""Values at the edge: operators that are 0, data that are missing, arguments of a wrong kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, LinearOperator, Problem, noise, operators, priors, solve, solvers, stop

Y = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))
A = operators.Identity(Y.shape)


def problem(A: LinearOperator = A, y: Tensor = Y, prior: Any = None) -> Problem:
    return Problem(A, y, noise=noise.Gaussian(0.1), prior=10 * priors.TV() if prior is None else prior)


class Zero(LinearOperator):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros(*x.shape[:-3], *self.out_shape)


class Through(LinearOperator):
    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(2 * x.detach().numpy())


def test_an_operator_that_is_zero() -> None:
    Z = Zero((1, 4, 4), (1, 2, 2))
    assert torch.equal(Z.H(torch.ones(1, 2, 2)), torch.zeros(1, 4, 4))
    assert Z.norm() == 0
    one = torch.full((1, 1, 1), 0.3)
    alone = Problem(operators.Identity(one.shape), one, noise=noise.Gaussian(0.1), prior=10 * priors.TV())
    assert torch.allclose(solve(alone).x, one)


def test_an_operator_that_leaves_torch_is_named() -> None:
    with pytest.raises(InvpriorError, match=r"Through\(.*cannot be differentiated.*give forward and adjoint to"):
        Through(Y.shape, Y.shape).H(Y)


def test_adjoints_and_networks_under_inference_mode() -> None:
    class Twice(LinearOperator):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    with torch.inference_mode():
        assert torch.equal(Twice(Y.shape, Y.shape).H(Y), 2 * Y)
        assert torch.equal(Twice(Y.shape, Y.shape).H(Y.clone()), 2 * Y)


def test_a_learnable_operator_leaves_the_solve_without_a_graph() -> None:
    B = operators.Blur(Y.shape, torch.ones(3, 3).div(9).requires_grad_())
    for solver, prior in ((solvers.PDHG(), None), (solvers.ConjugateGradient(), priors.NoPrior())):
        x = solve(problem(B, prior=prior), solver, stop=stop.MaxIterations(5)).x
        assert not x.requires_grad

    class Gain(LinearOperator):
        def __init__(self) -> None:
            super().__init__(Y.shape, Y.shape)
            self.gain = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x: Tensor) -> Tensor:
            return self.gain * x

    G = Gain()
    (gradient,) = torch.autograd.grad(G.H(Y).sum(), G.gain)
    assert float(gradient) == pytest.approx(float(Y.sum()))


def test_missing_data_are_no_data() -> None:
    known = torch.rand(8, 8, generator=torch.Generator().manual_seed(1)) > 0.3
    M = operators.Mask(Y.shape, known)
    holed = torch.where(known, Y, float("nan"))
    assert torch.equal(solve(problem(M, holed)).x, solve(problem(M, M(Y))).x)
    with pytest.raises(InvpriorError, match="NaN or infinite values where the operator sees pixels"):
        problem(M, torch.where(known, float("nan"), Y))


def test_a_warp_follows_its_flow() -> None:
    W = operators.Warp((1, 8, 8), torch.zeros(2, 8, 8))
    assert torch.equal(W(Y), Y)
    other = operators.Warp((1, 8, 8), torch.ones(2, 8, 8))
    W.load_state_dict(other.state_dict())
    assert torch.equal(W(Y), other(Y))
    W.flow.zero_()
    assert torch.equal(W(Y), Y)


def test_arrays_are_not_shared() -> None:
    known: Any = np.ones((8, 8), bool)
    psf: Any = np.ones((3, 3), np.float32) / np.float32(9)
    M, B = operators.Mask((1, 8, 8), known), operators.Blur((1, 8, 8), psf)
    before = M(Y), B(Y)
    known[:], psf[:] = False, 0
    assert torch.equal(M(Y), before[0])
    assert torch.equal(B(Y), before[1])


class Agrees(stop.StopRule):
    def update(self, memory: Any, iterate: Any) -> Any:
        return True


# the functions as somebody without a type checker calls them
any_problem: Any = Problem
any_solve: Any = solve
any_limit: Any = stop.MaxIterations
any_sigma: Any = noise.Gaussian
any_identity: Any = operators.Identity

WRONG: dict[str, tuple[Any, str]] = {
    "operator": (lambda: any_problem(3, Y, noise=noise.Gaussian(0.1), prior=priors.TV()), "operator of a problem is"),
    "class": (
        lambda: any_problem(operators.Identity, Y, noise=noise.Gaussian(0.1), prior=priors.TV()),
        "got the class Identity",
    ),
    "noise": (lambda: any_problem(A, Y, noise=0.1, prior=priors.TV()), "noise of a problem is an instance of a Noise"),
    "stop": (lambda: any_solve(problem(), stop=10), "solve takes a stop such as stop.MaxIterations"),
    "solver": (lambda: any_solve(problem(), "pdhg"), "solve takes a solver such as solvers.PDHG"),
    "solver class": (lambda: any_solve(problem(), solvers.PDHG), "got the class PDHG"),
    "state": (lambda: any_solve(problem(), state=3), "solve takes a state such as result.state"),
    "problem": (lambda: any_solve(A), "solve takes a problem such as Problem"),
    "seed": (lambda: any_solve(problem(), seed=2**64), "a seed is a whole number"),
    "rule": (lambda: any_solve(problem(), stop=Agrees()), r"update returns a pair \(memory, Verdict\), got True"),
    "limit": (lambda: any_limit(float("nan")), "a limit of iterations is a whole number"),
    "tiny sigma": (lambda: noise.Gaussian(1e-30), "positive sigma, of 1e-18 to 1e18, got 1e-30"),
    "weight": (lambda: 1e30 * priors.TV(), "weight of a prior is 0, or from 1e-18 to 1e"),
    "sigma": (lambda: any_sigma("x"), "sigma is a number or a tensor"),
    "shape": (lambda: any_identity((3, 4.5, 4)), "sizes of a shape are whole numbers"),
    "psf": (lambda: operators.Blur((8, 8), torch.full((3, 3), float("nan"))), "the PSF holds NaN"),
    "mask": (lambda: operators.Mask((8, 8), torch.full((8, 8), 255.0)), "weights from 0 to 1, got 255 to 255"),
    "empty": (lambda: problem(y=torch.zeros(0, 1, 8, 8)), "the measurement is empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_one_sentence(name: str) -> None:
    make, says = WRONG[name]
    with pytest.raises(InvpriorError, match=says) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_diverged_solve_holds_its_last_finite_image() -> None:
    result = solve(problem(), solvers.Adam(lr=1e30, explosion=float("inf")), stop=stop.MaxIterations(100))
    assert result.status.name == "diverged"
    assert bool(result.x.isfinite().all())


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_noise_is_found_beside_channels_that_tell_nothing(empty: int) -> None:
    y = 0.5 + 0.1 * torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0))
    y[:empty] = torch.tensor([0.0, 0.7])[:empty, None, None]
    assert noise.estimate(y) == pytest.approx(0.1, rel=0.1)
    assert noise.estimate(torch.zeros(1, 8, 8)) == 0
