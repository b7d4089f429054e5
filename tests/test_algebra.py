"""@ + − * .H .gram, against dense matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import InvpriorError, LinearOperator, Operator
from invprior.operators import FiniteDifference, Identity, Lanczos, Mask
from tests.helpers import adjoint_error, randn


class Square(Operator):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.square()


def mask(n: int, m: int, seed: int = 0) -> Mask:
    return Mask((n, m), randn(n, m, seed=seed) > 0)


def diagonal(C: LinearOperator) -> Tensor:
    d = C.diagonal()
    assert d is not None
    return d.expand(C.in_shape).reshape(-1).double()


A, B = Lanczos((8, 6), factor=2), mask(8, 6)


def test_composition_is_the_product_of_matrices() -> None:
    assert torch.allclose((A @ B).to_dense(), A.to_dense() @ B.to_dense())
    assert torch.allclose(((A @ B).H).to_dense(), (A.to_dense() @ B.to_dense()).T)
    assert torch.allclose(((A @ B).gram).to_dense(), B.to_dense().T @ A.to_dense().T @ A.to_dense() @ B.to_dense())


def test_sums_and_multiples() -> None:
    C = mask(8, 6, seed=1)
    assert torch.allclose((2 * B + C).to_dense(), 2 * B.to_dense() + C.to_dense())
    assert torch.allclose((B - 0.5 * C).to_dense(), B.to_dense() - 0.5 * C.to_dense())
    assert torch.allclose((-(A @ C) * 3).to_dense(), -3 * A.to_dense() @ C.to_dense())


def test_quotients_and_sums_of_lists() -> None:
    C = mask(8, 6, seed=1)
    assert torch.allclose((B / 2).to_dense(), B.to_dense() / 2)
    assert torch.allclose(sum([C, B], start=B).to_dense(), 2 * B.to_dense() + C.to_dense())
    assert repr(sum([B, C])) == repr(B + C)


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), -float("inf")])
def test_a_factor_is_finite(factor: float) -> None:
    makes: list[Callable[[], object]] = [lambda: factor * B, lambda: B * factor, lambda: B / factor, lambda: B / 0]
    for make in makes if factor != factor else makes[:2]:
        with pytest.raises(InvpriorError, match=r"must be a finite number|cannot divide"):
            make()


@pytest.mark.parametrize("other", [1, 2.5, "A", None])
def test_what_is_no_operator_cannot_be_added(other: object) -> None:
    unknown: Any = other
    makes: list[Callable[[], object]] = [lambda: B + unknown, lambda: unknown + B, lambda: B - unknown]
    for make in makes:
        with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
            make()
    with pytest.raises(TypeError, match="unsupported operand"):
        B @ other  # type: ignore[operator]


def test_structure_is_kept() -> None:
    assert (A @ B).H.left is B  # the mask is its own adjoint
    assert A.H.H is A
    assert (A @ Identity((8, 6))) is A
    assert (Identity((4, 3)) @ A) is A
    assert 1 * A is A
    assert (2 * (3 * A)).factor == 6
    assert repr(2 * A @ B) == "(2 * Lanczos((8, 6), factor=2, a=3)) @ " + repr(B)
    assert repr((A + A).H) == f"{A!r}.H + {A!r}.H"


def test_diagonals_are_seen_through() -> None:
    C = mask(8, 6, seed=1)
    assert torch.equal(torch.diag((B @ C).to_dense()), diagonal(B @ C))
    assert torch.equal(torch.diag((2 * B + C).to_dense()), diagonal(2 * B + C))
    assert (A @ B).diagonal() is None


def test_a_nonlinear_part_makes_an_operator_without_adjoint() -> None:
    F = A @ Square((8, 6))
    x = randn(8, 6)
    assert torch.equal(F(x), A(x.square()))
    assert not isinstance(F, LinearOperator)
    assert (Identity((8, 6)) @ Square((8, 6))).__class__ is Square


@pytest.mark.parametrize("join", [lambda: A @ A, lambda: A @ Square((3, 3))])
def test_shapes_that_do_not_fit_are_named(join: object) -> None:
    with pytest.raises(InvpriorError, match=r"cannot compose Lanczos.*the left takes \(8, 6\), the right gives"):
        join()  # type: ignore[operator]


def test_sums_of_other_shapes_are_refused() -> None:
    with pytest.raises(InvpriorError, match="cannot add"):
        A + B
    with pytest.raises(TypeError):
        A @ 3  # type: ignore[operator]


def test_dtype_moves_with_the_whole_expression() -> None:
    soft = Mask((8, 6), torch.rand(8, 6, generator=torch.Generator().manual_seed(0)))
    C = (A @ soft).double()
    assert C(randn(8, 6)).dtype == torch.float64
    assert C.H(randn(4, 3)).dtype == torch.float64


@given(st.data())
def test_random_expressions_have_right_adjoints(data: st.DataObject) -> None:
    H, W = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    C: LinearOperator = Identity((H, W))
    for k in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["mask", "lanczos", "difference", "gram", "sum"]))
        shape = C.out_shape
        if kind == "mask":
            C = Mask(shape, randn(*shape, seed=k) > 0) @ C
        elif kind == "lanczos":
            C = Lanczos(shape, data.draw(st.integers(1, min(shape[-2:])))) @ C
        elif kind == "difference":
            C = FiniteDifference(shape, (-2, -1), (1.0, 0.5)) @ C
        elif kind == "gram":
            C = C.gram
        else:
            C = C + data.draw(st.floats(0, 2)) * C
    assert adjoint_error(C) < 20
