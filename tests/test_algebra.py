"""@ + − * .H .gram, against dense matrices."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import InvpriorError, LinearOperator, Operator
from invprior.operators import Blur, FiniteDifference, Identity, Lanczos, Mask, PerFrame, Saturate, Stack
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


def test_nonlinear_operators_add_and_scale_as_linear_ones_do() -> None:
    N, x = Square((8, 6)), randn(8, 6)
    assert torch.equal((N + B)(x), x.square() + B(x))
    assert torch.equal((B + N)(x), x.square() + B(x))
    assert torch.equal((B - N / 2)(x), B(x) - 0.5 * x.square())
    assert torch.equal(sum([N, B], start=N)(x), 2 * x.square() + B(x))
    assert torch.equal((-N * 3)(x), -3 * x.square())
    assert repr(2 * N @ B) == f"(2 * Square((8, 6))) @ {B!r}"
    assert 1 * N is N
    for C in (N + B, B + N, B - N, 2 * N, N @ B, Stack(B, N), PerFrame(N, 2)):
        assert not isinstance(C, LinearOperator)
        assert not hasattr(C, "H")
    with pytest.raises(InvpriorError, match="cannot add"):
        N + A
    with pytest.raises(TypeError, match="unsupported operand"):
        N + 1  # type: ignore[operator]


def test_nonlinear_parts_of_stacks_and_films() -> None:
    N, x = Square((8, 6)), randn(5, 8, 6)
    C = Stack(N, B)
    assert torch.equal(C(x), torch.cat([x.square().flatten(1), B(x).flatten(1)], 1))
    assert torch.equal(C.split(C(x))[0], x.square())
    assert torch.equal(copy.deepcopy(C)(x), C(x))
    assert torch.equal(PerFrame(N, 5)(x), x.square())
    assert torch.equal(copy.deepcopy(PerFrame(B, 5))(x), B(x))
    assert repr(PerFrame(N, 5)) == "PerFrame(Square((8, 6)), frames=5)"


def test_where_a_nonlinear_operator_starts() -> None:
    y = randn(8, 6).clamp(max=0.5)
    S = Saturate((8, 6), 0.5)
    assert torch.equal(S.start(y), y)
    assert Square((8, 6)).start(y) is None
    start = (S @ Blur((8, 6), torch.full((3, 3), 1 / 9, dtype=torch.float64))).start(y)
    assert start is not None
    assert start.shape == (8, 6)
    assert (S @ Square((8, 6))).start(y) is None
    assert torch.equal((2 * S).start(2 * y), y)  # type: ignore[arg-type]
