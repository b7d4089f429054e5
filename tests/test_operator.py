"""The checked call, the autograd adjoint, the norm."""

from __future__ import annotations

import re
import resource
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import lsqr, svds
from torch import Tensor, nn

from invprior import InvpriorError, LinearOperator, Operator
from invprior.operators import Blur, FiniteDifference, Fourier, Identity, Lanczos, Mask, from_function
from tests.helpers import adjoint_error, randn


class Cumulative(LinearOperator):
    """Sums from the left; the adjoint is left to autograd."""

    def __init__(self, n: int) -> None:
        super().__init__((n,), (n,))

    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)


class Weighted(LinearOperator):
    """A dense matrix held in a buffer."""

    matrix: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__((matrix.shape[1],), (matrix.shape[0],))
        self.register_buffer("matrix", matrix)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix.mT


def test_autograd_adjoint_is_the_transposed_matrix() -> None:
    A = Cumulative(7)
    matrix = A.to_dense()
    assert torch.equal(matrix, torch.tril(torch.ones(7, 7, dtype=torch.float64)))
    assert torch.allclose(A.H.to_dense(), matrix.T)


def test_autograd_adjoint_of_a_complex_map_is_the_conjugate_transpose() -> None:
    M = torch.complex(randn(5, 4), randn(5, 4, seed=1))
    A = Weighted(M)
    y = torch.complex(randn(5, seed=2), randn(5, seed=3))
    assert torch.allclose(A.H(y), M.conj().T @ y)


def test_adjoint_can_be_differentiated() -> None:
    A = Cumulative(4)
    assert torch.autograd.gradcheck(A.H, randn(4).requires_grad_())
    assert not A.H(randn(4)).requires_grad


def test_batch_axes_pass_through() -> None:
    A = Cumulative(5)
    y = randn(2, 3, 5)
    assert torch.allclose(A.H(y)[1, 2], A.H(y[1, 2]))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(3, 4), r"takes shape \(\.\.\., 3, 5\), got \(3, 4\)"),
        (torch.zeros(5), r"takes shape \(\.\.\., 3, 5\), got \(5,\)"),
        (torch.zeros(3, 5, dtype=torch.uint8), "takes a floating tensor, got torch.uint8"),
        (np.zeros((3, 5)), "takes a torch tensor, got ndarray"),
    ],
)
def test_a_wrong_input_is_named(x: Tensor, message: str) -> None:
    for A in (Identity((3, 5)), Mask((3, 5), torch.ones(5)).H, FiniteDifference((3, 5)), Lanczos((3, 5), 1)):
        with pytest.raises(InvpriorError, match=message):
            A(x)


def test_dtype_and_device_never_change_silently() -> None:
    A = Weighted(randn(4, 4, dtype=torch.float32))
    with pytest.raises(InvpriorError, match=r"holds torch.float32 but got torch.float64; convert one with .to\(\)"):
        A(randn(4))
    assert A.double()(randn(4)).dtype == torch.float64
    with pytest.raises(InvpriorError, match="is on cpu but got a tensor on meta"):
        A(torch.zeros(4, device="meta", dtype=torch.float64))


@pytest.mark.parametrize("shape", [(6, 9), (40, 30), (1, 5)])
def test_norm_by_the_lanczos_process_matches_svd(shape: tuple[int, int]) -> None:
    M = randn(*shape)
    exact = float(torch.linalg.matrix_norm(M, 2))
    assert (1 - 1e-12) * exact <= Weighted(M).norm() <= (1 + 1e-5) * exact


def test_norm_of_zero_is_zero() -> None:
    assert Weighted(torch.zeros(3, 3)).norm() == 0.0


def test_a_shape_must_be_positive() -> None:
    with pytest.raises(InvpriorError, match="positive sizes"):
        Identity((3, 0))


def test_an_operator_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Operator must implement forward"):
        Operator((2,), (2,))(torch.zeros(2))


def test_a_thousand_autograd_adjoints_keep_the_memory_level() -> None:
    A, y = Cumulative(1000), randn(100, 1000)
    for _ in range(50):
        A.H(y)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        A.H(y)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB; one result is 800


def test_adjoint_error_sees_a_wrong_scale() -> None:
    class Wrong(Cumulative):
        def adjoint(self, y: Tensor) -> Tensor:
            return 1.001 * super().adjoint(y)

    assert adjoint_error(Cumulative(50)) < 10 < adjoint_error(Wrong(50))


def test_as_scipy_runs_scipys_own_solvers() -> None:
    A = Lanczos((9, 8), 2) @ Mask((9, 8), randn(9, 8) > -1)
    S = A.as_scipy()
    assert S.shape == (16, 72)
    y = A(randn(9, 8, seed=5))
    expected = np.linalg.pinv(A.to_dense().numpy()) @ y.numpy().ravel()
    assert np.allclose(lsqr(S, y.numpy().ravel(), atol=1e-12, btol=1e-12)[0], expected, atol=1e-8)
    assert svds(S, k=1, return_singular_vectors=False)[0] == pytest.approx(A.norm(), rel=1e-5)


def test_as_scipy_of_a_complex_operator() -> None:
    F = Fourier((3, 4))
    S = F.as_scipy()
    x, y = randn(12).numpy(), randn(12, seed=1).numpy() + 1j * randn(12, seed=2).numpy()
    assert np.allclose(S.matvec(x), np.fft.fft2(x.reshape(3, 4), norm="ortho").ravel())
    assert np.allclose(S.rmatvec(y), np.fft.ifft2(y.reshape(3, 4), norm="ortho").real.ravel())


def test_real_and_complex_inputs_are_told_apart() -> None:
    with pytest.raises(InvpriorError, match=r"takes a real tensor, got torch\.complex128"):
        Fourier((3, 4))(torch.zeros(3, 4, dtype=torch.complex128))
    with pytest.raises(InvpriorError, match=r"takes a complex tensor, got torch\.float64"):
        Fourier((3, 4)).H(torch.zeros(3, 4, dtype=torch.float64))
    masked = Mask((3, 4), randn(3, 4) > 0) @ Fourier((3, 4))
    assert (masked.in_complex, masked.out_complex) == (False, True)
    assert masked.H(torch.zeros(3, 4, dtype=torch.complex128)).dtype == torch.float64


class Gain(LinearOperator):
    """A parameter and nothing else."""

    def __init__(self, n: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__((n,), (n,))
        self.gain = torch.nn.Parameter(torch.linspace(1, 2, n, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return (self.gain * x).cumsum(-1)


class ByHand(Gain):
    def adjoint(self, y: Tensor) -> Tensor:
        return self.gain * y.flip(-1).cumsum(-1).flip(-1)


@pytest.mark.parametrize("kind", [Gain, ByHand])
def test_gradients_of_parameters_go_through_a_its_adjoint_and_its_gram(kind: type[Gain]) -> None:
    A = kind(4, torch.float64)
    for B in (A, A.H, A.gram, 2 * A.H @ A.H, A.T, A + A.H):
        x = randn(4, seed=1)

        def of(gain: Tensor, B: LinearOperator = B, x: Tensor = x) -> Tensor:
            A.gain = torch.nn.Parameter(gain.detach())
            (gradient,) = torch.autograd.grad(B(x).square().sum(), A.gain)
            return gradient

        gain, step = torch.linspace(1, 2, 4, dtype=torch.float64), 1e-6
        exact = of(gain)
        for k in range(4):
            values = []
            for sign in (1, -1):
                A.gain = torch.nn.Parameter(gain + sign * step * torch.eye(4, dtype=torch.float64)[k])
                values.append(float(B(x).detach().square().sum()))
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(exact[k]), rel=1e-6)


def test_gradients_reach_what_a_kernel_was_computed_from() -> None:
    theta = randn(3, 3).requires_grad_()
    y = randn(1, 6, 6, seed=1)

    def blurred(theta: Tensor) -> tuple[Tensor, ...]:
        A = Blur((1, 6, 6), theta.flatten().softmax(0).reshape(3, 3))
        plain = from_function(lambda x: theta.sum() * x, (1, 6, 6))
        return A(y), A.H(y), A.gram(y), plain.H(y)

    assert torch.autograd.gradcheck(blurred, theta)


def test_an_adjoint_that_hangs_on_nothing_keeps_no_graph() -> None:
    kernel = randn(1, 1, 3, 3)
    A = from_function(lambda x: torch.nn.functional.conv2d(x.reshape(-1, 1, 5, 5), kernel.to(x)), (1, 1, 5, 5))
    assert not A.H(randn(1, 1, 3, 3)).requires_grad
    assert Gain(4).H(torch.ones(4)).requires_grad
    with torch.no_grad():
        assert not Gain(4).H(torch.ones(4)).requires_grad


def test_what_an_operator_holds_sets_the_precision() -> None:
    A = Gain(4)
    exact = float(torch.linalg.matrix_norm(A.to_dense().detach(), 2))
    assert A.norm() == pytest.approx(exact, rel=1e-4)
    assert A.to_dense().dtype == torch.float32
    B = Blur((1, 5, 5), torch.rand(3, 3, generator=torch.Generator().manual_seed(0)))
    assert B.as_scipy().dtype == np.float32
    assert B.as_scipy().matvec(np.ones(25)).dtype == np.float32
    assert B.double().as_scipy().dtype == np.float64
    assert Identity((3,)).to_dense().dtype == torch.float64
    seen: list[torch.dtype] = []

    class Phase(Weighted):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.dtype)
            return super().forward(x.to(self.matrix.dtype))

    C = Phase(torch.complex(randn(3, 3, dtype=torch.float32), randn(3, 3, dtype=torch.float32)))
    C.in_complex = C.out_complex = True
    C.norm()
    assert set(seen) == {torch.complex64}
    assert C.to_dense().dtype == torch.complex64
    assert C.as_scipy().matvec(np.ones(3)).dtype == np.complex64


class InAModule(nn.Module):
    """An operator as a part of a network, which moves its parts itself."""

    def __init__(self, inner: Weighted) -> None:
        super().__init__()
        self.inner = inner


@pytest.mark.parametrize("held", ["buffer", "parameter", "composition", "module"])
def test_phases_survive_every_change_of_precision(held: str) -> None:
    """Torch's own ``.to(torch.float64)`` drops the imaginary part, and ``.double()`` leaves complex buffers alone."""
    M = torch.complex(randn(3, 3), randn(3, 3, seed=1))

    def made() -> tuple[nn.Module, Callable[[], Tensor]]:
        W = Weighted(M.to(torch.complex64))
        if held == "parameter":
            del W.matrix
            W.matrix = nn.Parameter(M.to(torch.complex64))
        outer = {"composition": 2.0 * W @ W, "module": InAModule(W)}.get(held, W)
        return outer, lambda: W.matrix.detach()

    changes: dict[str, Callable[[nn.Module], nn.Module]] = {
        "float64": lambda m: m.to(torch.float64),
        "complex128": lambda m: m.to(torch.complex128),
        "double": lambda m: m.double(),
        "float32": lambda m: m.to(torch.float32),
        "float": lambda m: m.float(),
        "there and back": lambda m: m.to(torch.float64).to(torch.float32),
        "shared": lambda m: m.share_memory(),
    }
    for name, change in changes.items():
        outer, matrix = made()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Complex modules are a new feature")
            warnings.filterwarnings("error", "Casting complex")
            change(outer)
        precise = name in ("float64", "complex128", "double")
        assert matrix().dtype == (torch.complex128 if precise else torch.complex64), name
        assert torch.equal(matrix(), M.to(torch.complex64).to(matrix().dtype)), name
        assert matrix().is_shared() == (name == "shared")
    outer, matrix = made()
    assert matrix().dtype == torch.complex64
    assert outer.to("meta") is outer
    assert matrix().is_meta


def test_real_buffers_stay_real() -> None:
    B = Blur((1, 5, 5), torch.ones(3, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch: complex modules are new
        assert {b.dtype for b in B.to(torch.complex128).buffers()} <= {torch.float64, torch.int64}
    mask = Mask((1, 2, 2), torch.tensor([[True, False], [True, True]]))
    kinds = [b.dtype for b in mask.buffers()]
    assert [b.dtype for b in mask.to(torch.float64).buffers()] == kinds


def test_the_transpose() -> None:
    M = torch.complex(randn(4, 3), randn(4, 3, seed=1))
    A = Weighted(M)
    A.in_complex = A.out_complex = True
    assert torch.allclose(A.T.to_dense(), M.T)
    assert torch.allclose(A.T.H.to_dense(), M.conj())
    assert A.T.T is A
    assert repr(A.T) == "Weighted((3,)).T"
    F = Fourier((3, 4))
    assert torch.allclose(F.T.to_dense(), F.to_dense().T.real)  # of real pictures
    assert torch.equal(Cumulative(3).T.to_dense(), Cumulative(3).to_dense().T)
    assert adjoint_error(Cumulative(5).T) < 20


def test_a_result_of_another_shape_than_declared_is_named() -> None:
    class Half(LinearOperator):
        def forward(self, x: Tensor) -> Tensor:
            return x[..., ::2]

    class Listing(LinearOperator):
        def forward(self, x: Tensor) -> Any:
            return [x]

    with pytest.raises(InvpriorError, match=r"Half\(\(4,\)\) declares a result of shape \(5, 4\) for \(5, 4\).*\(5, 2"):
        Half((4,), (4,))(randn(5, 4))
    with pytest.raises(InvpriorError, match="gave list; correct"):
        Listing((4,), (4,))(randn(4))


def test_an_operator_that_leaves_torch_says_so() -> None:
    class Detached(LinearOperator):
        def forward(self, x: Tensor) -> Tensor:
            return torch.from_numpy(np.cumsum(x.detach().numpy(), -1))

    class Left(LinearOperator):
        def forward(self, x: Tensor) -> Tensor:
            return torch.from_numpy(np.cumsum(x.numpy(), -1))

    class Zero(LinearOperator):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros_like(x)

    for A in (Detached((4,), (4,)), Left((4,), (4,))):
        assert torch.equal(A(torch.ones(4)), torch.arange(1.0, 5))
        message = re.escape(repr(A)) + " cannot be differentiated.*from_numpy"
        with pytest.raises(InvpriorError, match=message):
            A(torch.ones(4, requires_grad=True))
        with pytest.raises(InvpriorError, match=message):
            A.H(torch.ones(4))
    assert not Zero((4,), (4,))(torch.ones(4, requires_grad=True)).any()
