"""Operators of NumPy, SciPy and PyLops, and what goes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from invprior import InvpriorError, Problem, noise, operators, priors, solve, solvers, stop
from invprior.interop import from_numpy, from_pylops, from_scipy
from invprior.testing import LawError, check_linear_operator
from tests.helpers import adjoint_error, photograph, randn


def blurred(x: Any) -> Any:
    x[0] += 0  # writes into its argument, as much NumPy code does
    return 0.5 * x + 0.25 * np.roll(x, 1, -1) + 0.25 * np.roll(x, 2, -1)


def back(y: Any) -> Any:
    return 0.5 * y + 0.25 * np.roll(y, -1, -1) + 0.25 * np.roll(y, -2, -1)


def rolled(x: Tensor) -> Tensor:
    return 0.5 * x + 0.25 * x.roll(1, -1) + 0.25 * x.roll(2, -1)


SHAPE = (1, 6, 5)
A = from_numpy(blurred, back, SHAPE, SHAPE)


def test_a_numpy_operator_is_one() -> None:
    check_linear_operator(A)
    assert adjoint_error(A, dtype=torch.float32) < 10
    x = randn(2, 3, *SHAPE)
    assert torch.equal(A(x)[1, 2], torch.from_numpy(blurred(x[1, 2].numpy().copy())))
    assert A(x.float()).dtype == torch.float32
    assert A(torch.complex(x, -x)).dtype == torch.complex128
    assert torch.allclose((A @ A).H(x), A.H(A.H(x)))
    assert repr(A) == "ArrayOperator((1, 6, 5), blurred)"


def test_gradients_of_any_order_go_through_a_numpy_operator() -> None:
    x = randn(*SHAPE).requires_grad_()
    for B in (A, A.H, A.gram):
        assert torch.autograd.gradcheck(B, x)
        assert torch.autograd.gradgradcheck(lambda x, B=B: B(x).square(), x)


@pytest.mark.parametrize("prior", [priors.NoPrior(), priors.TV(), priors.TGV(), priors.Wavelet()])
def test_every_prior_works_with_a_numpy_operator(prior: priors.NoPrior) -> None:
    clean = photograph(size=16).float().mean(0, keepdim=True)
    B, same = from_numpy(blurred, back, clean.shape, clean.shape), operators.from_function(rolled, clean.shape)
    found = [
        solve(Problem(C, same(clean), noise=noise.Gaussian(0.05), prior=prior), stop=stop.MaxIterations(20)).x
        for C in (B, same)
    ]
    assert torch.allclose(found[0], found[1], atol=1e-4)


def test_dip_and_adam_work_with_a_numpy_operator() -> None:
    clean = photograph(size=16).mean(0, keepdim=True)
    B, same = from_numpy(blurred, back, clean.shape, clean.shape), operators.from_function(rolled, clean.shape)
    for solver, prior in ((None, priors.DIP()), (solvers.Adam(), priors.TV())):
        found = [
            solve(Problem(C, same(clean), noise=noise.Gaussian(0.05), prior=prior), solver, stop=stop.MaxIterations(5))
            for C in (B, same)
        ]
        assert torch.allclose(found[0].x, found[1].x, atol=1e-3)
        assert found[0].history[-1]["value"] == pytest.approx(found[1].history[-1]["value"], rel=1e-2)


@pytest.mark.parametrize(
    ("forward", "adjoint", "out", "message"),
    [
        (blurred, blurred, SHAPE, "the adjoint of ArrayOperator.*is off by .* accept it with check=False"),
        (blurred, back, (2,), r"blurred \(forward\) must give shape \(2,\), it gave \(1, 6, 5\)"),
        (3, back, SHAPE, "forward must be a function of a NumPy array, got 3"),
        (lambda x: 1 / 0, back, SHAPE, r"cannot apply <lambda> \(forward\): ZeroDivisionError"),
        (lambda x: x.foo, back, SHAPE, "cannot apply <lambda>.*AttributeError"),
        (lambda x: 1j * x, back, SHAPE, "gave complex values; say so by in_complex and out_complex"),
        (lambda x: "words", back, SHAPE, "must give shape"),
    ],
)
def test_what_is_no_pair_of_functions_is_named(forward: Any, adjoint: Any, out: Any, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        from_numpy(forward, adjoint, SHAPE, out)


def test_from_numpy_of_real_pictures_to_complex_measurements() -> None:
    F = from_numpy(
        lambda x: np.fft.fft2(x, norm="ortho"),
        lambda y: np.fft.ifft2(y, norm="ortho").real,
        (4, 5),
        (4, 5),
        in_complex=False,
        out_complex=True,
    )
    assert torch.allclose(F(randn(4, 5)), operators.Fourier((4, 5))(randn(4, 5)))
    y = torch.complex(randn(4, 5, seed=1), randn(4, 5, seed=2))
    assert torch.allclose(F.H(y), operators.Fourier((4, 5)).H(y))


def test_matrices_and_scipys_operators() -> None:
    M = scipy.sparse.random(6, 20, 0.3, random_state=0, format="csr")
    for operator in (M, M.toarray(), scipy.sparse.linalg.aslinearoperator(M)):
        B = from_scipy(operator, (4, 5), (2, 3))
        assert np.allclose(B.to_dense().numpy(), M.toarray())
        assert np.allclose(B.H.to_dense().numpy(), M.toarray().T)
    C = from_scipy(M + 1j * M, (4, 5), (6,))
    assert (C.in_complex, C.out_complex) == (True, True)
    assert torch.autograd.gradcheck(C, torch.complex(randn(4, 5), randn(4, 5)).requires_grad_())
    back_again = from_scipy(operators.FiniteDifference((4, 5)).as_scipy(), (4, 5), (2, 4, 5))
    assert torch.allclose(back_again(randn(4, 5)), operators.FiniteDifference((4, 5))(randn(4, 5)))
    with pytest.raises(InvpriorError, match=r"of shape \(6, 20\) does not map images \(4, 4\) to \(6,\)"):
        from_scipy(M, (4, 4), (6,))
    with pytest.raises(InvpriorError, match="takes a linear operator or a matrix, got 'words'"):
        from_scipy("words", (4, 4), (6,))
    with pytest.raises(InvpriorError, match="is off by"):
        from_scipy(scipy.sparse.linalg.LinearOperator((3, 3), matvec=lambda x: x, rmatvec=lambda y: 2 * y), (3,), (3,))


class Pylops:
    """What a PyLops operator has: shapes of its own, and products with flat vectors."""

    shape, dims, dimsd, dtype = (20, 20), (4, 5), (4, 5), np.dtype("float64")

    def matvec(self, x: Any) -> Any:
        return np.cumsum(x.reshape(4, 5), 0).ravel()

    def rmatvec(self, y: Any) -> Any:
        return np.cumsum(y.reshape(4, 5)[::-1], 0)[::-1].ravel()


def test_pylops_brings_its_shapes() -> None:
    B = from_pylops(Pylops())
    assert torch.allclose(B(randn(2, 4, 5)), randn(2, 4, 5).cumsum(-2))
    with pytest.raises(InvpriorError, match=r"from_pylops takes an operator with matvec.*from_scipy takes the shapes"):
        from_pylops(scipy.sparse.eye(3))


def test_pylops_itself() -> None:
    pylops = pytest.importorskip("pylops")
    B = from_pylops(pylops.FirstDerivative((4, 5), axis=0))
    assert adjoint_error(B) < 10


def test_an_operator_in_single_precision_is_measured_in_it() -> None:
    """As of ASTRA: its dtype is float32, whatever it is given."""
    M = np.random.default_rng(0).standard_normal((6, 20)).astype(np.float32)
    seen: list[Any] = []

    def apply(matrix: Any) -> Any:
        def applied(x: Any) -> Any:
            seen.append(x.dtype)
            return matrix @ x.astype(np.float32)

        return applied

    single = scipy.sparse.linalg.LinearOperator((6, 20), dtype=np.float32, matvec=apply(M), rmatvec=apply(M.T))
    B = from_scipy(single, (4, 5), (6,))
    assert B.precision == torch.float32
    check_linear_operator(B)
    for C in (2 * B, B + B, B.H, B @ operators.Mask((4, 5), torch.ones(4, 5))):
        assert C.precision == torch.float32
        check_linear_operator(C, laws=["adjoint", "linearity", "dtype"], examples=10)
    assert set(seen) == {np.dtype(np.float32)}
    assert B(randn(4, 5)).dtype == torch.float64  # the caller's, with the digits of float32
    assert B.to_dense().dtype == torch.float32
    D = from_numpy(apply(M), apply(M.T), (20,), (6,), precision=torch.float32)
    check_linear_operator(D, examples=10)
    with pytest.raises(LawError, match="linearity"):
        check_linear_operator(from_numpy(apply(M), apply(M.T), (20,), (6,)), laws=["linearity"])


def test_a_map_of_real_images_to_complex_values() -> None:
    """As PyLops' real Fourier transform, whose adjoint on complex values is that of real images."""

    class Spectrum(scipy.sparse.linalg.LinearOperator):  # type: ignore[misc]
        clinear, dims, dimsd = False, (4, 5), (4, 5)

        def __init__(self) -> None:
            super().__init__(np.complex128, (20, 20))

        def _matvec(self, x: Any) -> Any:
            return np.fft.fft2(x.reshape(4, 5).real).ravel()

        def _rmatvec(self, y: Any) -> Any:
            return 20 * np.fft.ifft2(y.reshape(4, 5)).real.ravel() + 0j

    B = from_pylops(Spectrum())
    assert (B.in_complex, B.out_complex) == (False, True)
    check_linear_operator(B, examples=10)
