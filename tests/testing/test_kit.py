"""The kit catches what is planted and accuses nobody else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from invprior import InvpriorError, LinearOperator, operators
from invprior.functionals import L1
from invprior.noise import Gaussian
from invprior.solvers import PDHG
from invprior.testing import (
    LawError,
    Outcome,
    check_functional,
    check_linear_operator,
    check_noise,
    check_solver,
    functional_laws,
    noise_laws,
    operator_outcomes,
    outcomes,
    solver_laws,
    strategies,
)
from invprior.testing.law import Measurement
from invprior.testing.operator_case import OperatorCase
from invprior.testing.operator_laws import LAWS
from invprior.testing.targets import precise
from tests.testing.mutants import MUTANTS
from tests.testing.mutants_operators import ScaledAdjoint
from tests.testing.mutants_solvers import SOLVERS
from tests.testing.together import broken

LINEAR = {n: k for n, k in strategies.exported().items() if issubclass(k, LinearOperator)}
NONLINEAR = {n: k for n, k in strategies.exported().items() if n not in LINEAR}


@pytest.mark.parametrize("name", LINEAR)
def test_every_exported_operator_obeys_the_laws(name: str) -> None:
    assert broken(LINEAR[name], examples=20) == []


def test_every_example_takes_a_shape_or_refuses_it_in_a_sentence() -> None:
    """What makes random expressions asks for examples of whatever shape has come out."""
    for name, kind in strategies.exported().items():
        for shape in ((1,), (5,), (1, 1), (3, 4), (1, 1, 1), (2, 3, 4), (2, 3, 4, 5)):
            for seed in range(10):
                try:
                    made = kind.example(shape, Random(seed))
                except InvpriorError:
                    continue
                assert made.in_shape, name


@pytest.mark.parametrize("name", NONLINEAR)
def test_every_exported_nonlinear_operator_composes_and_differentiates(name: str) -> None:
    shape = (2, 5, 4)
    A = NONLINEAR[name].example(shape, Random(0))
    x = torch.rand(3, *shape, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(operators.Lanczos(A.out_shape, 2) @ A, x)
    assert A(x).shape == (3, *A.out_shape)
    assert broken(NONLINEAR[name], examples=20) == []
    with pytest.raises(InvpriorError, match="these are the laws of linear operators; take check_operator"):
        operator_outcomes(A)  # type: ignore[arg-type]


@settings(max_examples=60)
@given(strategies.expressions(), st.sampled_from(strategies.REAL), st.data())
def test_random_expressions_of_exported_operators_obey_the_core_laws(
    A: LinearOperator, real: torch.dtype, data: st.DataObject
) -> None:
    A = precise(A, real)  # complex buffers stay complex
    into, out = strategies.input_dtype(A, real), strategies.output_dtype(A, real)
    x, x2 = (data.draw(strategies.contents(A.in_shape, into)) for _ in range(2))
    case = OperatorCase(A, real, x, x2, data.draw(strategies.contents(A.out_shape, out)))
    for law in LAWS:
        if law.name in ("shape", "dtype", "adjoint", "linearity", "vjp", "batch", "purity", "structure"):
            measured = law.measure(case)
            assert isinstance(measured, Measurement)
            assert measured.holds, f"{law.name}: {measured}"


@pytest.mark.parametrize("name", functional_laws.exported())
def test_every_functional_obeys_the_laws(name: str) -> None:
    assert broken(functional_laws.exported()[name], examples=25) == []


@pytest.mark.parametrize("name", noise_laws.exported())
def test_every_noise_model_obeys_the_laws(name: str) -> None:
    assert broken(noise_laws.exported()[name]) == []


@pytest.mark.parametrize("name", solver_laws.exported())
def test_every_solver_obeys_the_laws(name: str) -> None:
    assert broken(solver_laws.exported()[name], 6) == []


@pytest.mark.parametrize("kind", [k for k in MUTANTS if k not in SOLVERS], ids=lambda k: k.__name__)
def test_a_planted_bug_is_caught(kind: type[Any]) -> None:
    (outcome,) = outcomes(kind, laws=[MUTANTS[kind]])
    assert not outcome.holds


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOLVERS, ids=lambda k: k.__name__)
def test_a_planted_bug_of_a_solver_is_caught(kind: type[Any]) -> None:
    (outcome,) = outcomes(kind, laws=[MUTANTS[kind]])
    assert not outcome.holds


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_honest_object_is_accused(seed: int) -> None:
    for kind in LINEAR.values():
        check_linear_operator(kind, seed=seed)
    for functional in functional_laws.exported().values():
        check_functional(functional, seed=seed)
    for noise in noise_laws.exported().values():
        check_noise(noise, seed=seed)


def test_an_error_says_what_was_measured_and_the_smallest_example() -> None:
    with pytest.raises(LawError) as error:
        check_linear_operator(ScaledAdjoint)
    assert error.value.law == "adjoint"
    assert error.value.measured > error.value.allowed
    assert "ScaledAdjoint((1, 1, 1))" in error.value.example
    assert "⟨Ax, y⟩ is 0.999001 times ⟨x, Aᴴy⟩" in str(error.value)


class BrokenFromWidthThree(LinearOperator):
    """Right up to two columns."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        if shape[-2] < 2:
            raise InvpriorError("needs two rows")
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(-1)

    def adjoint(self, y: Tensor) -> Tensor:
        out = super().adjoint(y)
        return out if y.shape[-1] < 3 else 2 * out


def test_the_search_shrinks_to_the_smallest_shape_and_respects_refusals() -> None:
    with pytest.raises(LawError, match=r"BrokenFromWidthThree\(\(1, 2, 3\)\)"):
        check_linear_operator(lambda shape: BrokenFromWidthThree(shape))


@pytest.mark.parametrize(
    ("check", "target"),
    [
        (check_linear_operator, operators.Lanczos((2, 9, 7), 3)),
        (check_linear_operator, 0.5 * operators.Lanczos((2, 9, 7), 3).gram),
        (check_functional, L1()),
        (check_functional, 0.3 * L1()),
        (check_noise, Gaussian(0.03)),
    ],
)
def test_instances_can_be_checked_too(check: Callable[[Any], None], target: Any) -> None:
    assert check(target, examples=10) is None  # type: ignore[call-arg,func-returns-value]


def test_a_solver_instance_can_be_checked() -> None:
    laws = ["format", "purity", "resume"]
    assert check_solver(PDHG(), laws=laws, examples=2) is None  # type: ignore[func-returns-value]


def test_what_cannot_be_checked_is_named() -> None:
    with pytest.raises(InvpriorError, match="there is nothing to check in 3"):
        check_linear_operator(3)  # type: ignore[arg-type]
    with pytest.raises(InvpriorError, match="must return a LinearOperator, it gave int"):
        check_linear_operator(lambda shape: 3)  # type: ignore[arg-type,return-value]
    with pytest.raises(InvpriorError, match=r"cannot make an operator for shape .*: ZeroDivisionError"):
        check_linear_operator(lambda shape: 1 // 0)  # type: ignore[arg-type,return-value]


def test_an_operator_that_raises_breaks_the_law_it_raises_in() -> None:
    class Raises(LinearOperator):
        def __init__(self, shape: tuple[int, ...]) -> None:
            super().__init__(shape, shape)

        def forward(self, x: Tensor) -> Tensor:
            raise ZeroDivisionError("nothing here")

    outcomes = operator_outcomes(Raises, examples=3)
    first = outcomes[0]
    assert not first.holds
    assert first.worst is not None
    assert "raised ZeroDivisionError: nothing here" in first.worst.example
    assert str(first).startswith("FAIL shape")


def test_outcomes_print_one_line_each() -> None:
    outcomes: list[Outcome] = operator_outcomes(operators.Identity, examples=5)
    assert len(outcomes) == len(LAWS)
    assert all("\n" not in str(o) for o in outcomes)
    assert any(str(o).startswith("ok   adjoint") for o in outcomes)
