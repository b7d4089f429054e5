"""Operators made by a function of parameters."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, LinearOperator
from invprior.blind import from_parameters
from invprior.operators import Blur, Saturate
from tests.helpers import adjoint_error, randn


def made(psf: Tensor) -> LinearOperator:
    A = from_parameters(lambda psf: Blur((1, 9, 8), psf), {"psf": psf})
    assert isinstance(A, LinearOperator)
    return A


def test_it_is_the_operator_of_its_parameters() -> None:
    psf, x = randn(3, 3).abs(), randn(1, 9, 8)
    A, B = made(psf), Blur((1, 9, 8), psf)
    with torch.no_grad():
        torch.testing.assert_close(A(x), B(x))
        torch.testing.assert_close(A.H(x), B.H(x))
        assert adjoint_error(A) < 10
    assert A.norm() == pytest.approx(B.norm())


def test_gradients_reach_the_parameters() -> None:
    A = made(randn(3, 3))
    x = randn(1, 9, 8)
    for result in (A(x), A.H(x), A.gram(x)):
        (gradient,) = torch.autograd.grad(result.square().sum(), list(A.parameters()))
        assert float(gradient.abs().max()) > 0


def test_it_follows_changes_in_place_and_copies_are_apart() -> None:
    A, x = made(randn(3, 3)), randn(1, 9, 8)
    with torch.no_grad():
        before = A(x)
        B = deepcopy(A)
        next(A.parameters()).mul_(2)
        torch.testing.assert_close(A(x), 2 * before)
        torch.testing.assert_close(B(x), before)


def test_nonlinear_ones_are_not_linear() -> None:
    A = from_parameters(lambda scale: Saturate((1, 4, 4)) @ (0.5 * Blur((1, 4, 4), scale)), {"scale": torch.ones(1, 1)})
    assert not isinstance(A, LinearOperator)
    with torch.no_grad():
        assert float(A(4 * torch.ones(1, 4, 4)).max()) == 1


def test_what_is_no_parameter_or_no_operator_is_named() -> None:
    with pytest.raises(InvpriorError, match="parameter psf is a real floating tensor"):
        from_parameters(lambda psf: Blur((1, 4, 4), psf), {"psf": torch.ones(3, 3, dtype=torch.int64)})
    with pytest.raises(InvpriorError, match="make returns an operator"):
        from_parameters(lambda psf: psf, {"psf": torch.ones(3, 3)})
