"""What the kit says is true: bugs that hide are found, honest operators are not accused, nothing passes untested."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from invprior import Functional, InvpriorError, LinearOperator, Prior, Problem, noise, operators, priors, solvers
from invprior import stop as stop_rules
from invprior.arguments import required
from invprior.functional import Step, Term
from invprior.functionals import L1, L21, Quadratic
from invprior.shapes import Shape
from invprior.solvers.loop import choose
from invprior.testing import (
    LawError,
    check,
    check_functional,
    check_linear_operator,
    check_network,
    check_operator,
    check_prior,
    check_solver,
    check_stop,
    laws_of,
    operator_outcomes,
    outcomes,
    prior_laws,
    stop_laws,
    strategies,
)
from tests.testing.honest import CURVED, HONEST, INSTANCES, Bayer, Cassi, Gamma
from tests.testing.mutants import WrongThreshold
from tests.testing.mutants_hidden import HIDDEN, AtFourChannels, Doubles, SmallNormOnLarge
from tests.testing.mutants_operators import ScaledAdjoint
from tests.testing.together import broken


@pytest.mark.parametrize("target", HIDDEN, ids=lambda k: k.__name__)
def test_a_bug_that_hides_is_found(target: Any) -> None:
    (outcome,) = outcomes(target, laws=[HIDDEN[target]])
    assert not outcome.holds


def test_a_norm_that_is_too_small_is_found_where_no_matrix_is_formed() -> None:
    with pytest.raises(LawError, match=r"norm\(\) says 2.79016, it maps an image to 2.82\d* times its size"):
        check_linear_operator(SmallNormOnLarge(), laws=["norm"], examples=2)
    assert broken(operators.FiniteDifference((1, 48, 48)), examples=2) == []


ALL_HONEST: dict[str, Any] = {**HONEST, **INSTANCES, **{k.__name__: k for k in CURVED}}


@pytest.mark.parametrize("name", ALL_HONEST)
def test_an_honest_operator_is_not_accused(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert broken(ALL_HONEST[name], examples=8) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_an_honest_operator_is_not_accused_by_twenty_seeds(seed: int) -> None:
    for target in ALL_HONEST.values():
        assert [str(o) for o in outcomes(target, seed=seed) if not o.holds] == []


@pytest.mark.parametrize("name", prior_laws.exported())
def test_every_prior_with_defaults_obeys_the_laws(name: str) -> None:
    kind = prior_laws.exported()[name]
    if required(kind):
        with pytest.raises(InvpriorError, match=f"{name} needs .*; give an instance, not the class"):
            check_prior(kind)
    else:
        assert broken(kind, examples=3) == []


@pytest.mark.parametrize("name", stop_laws.exported())
def test_every_stop_rule_obeys_the_laws(name: str) -> None:
    assert broken(stop_laws.exported()[name]) == []


class Takes(Doubles):
    """Shapes of 77 rows alone, whatever its adjoint."""

    def __init__(self, shape: Shape) -> None:
        if shape[-2:] != (100, 100) or shape[0] != 28:
            raise InvpriorError("28 bands of 100 × 100")
        super().__init__(shape)

    def wrong(self) -> bool:
        return True


def test_a_check_without_a_case_fails_and_names_shapes_that_fit() -> None:
    with pytest.raises(InvpriorError, match=r"refused every shape.*28 bands of 100.*=\[\(28, 100, 100\)\]"):
        check_linear_operator(Takes)
    with pytest.raises(LawError, match="adjoint"):
        check_linear_operator(Takes, shapes=[(28, 100, 100)], examples=2)
    with pytest.raises(InvpriorError, match=r"refused points of every shape.*shapes=\["):
        check_functional(Quadratic(1.0, torch.zeros(50, 51)))
    assert check_functional(Quadratic(1.0, torch.zeros(50, 51)), shapes=[(50, 51)], examples=2) is None  # type: ignore[func-returns-value]

    def refuses(self: Any, problem: Any) -> None:
        raise InvpriorError("never")

    with pytest.raises(InvpriorError, match="no case to check: the solver's"):
        check_solver(type("Never", (solvers.PDHG,), {"check": refuses}))
    with pytest.raises(InvpriorError, match="no case to check: the rule's"):
        check_stop(type("Never", (stop_rules.MaxIterations,), {"check": refuses})(3))
    with pytest.raises(InvpriorError, match=r"takes no input \(1, 16, 64, 64\).*its first layer takes 16 channels"):
        check_network(torch.nn.Conv2d(3, 3, 1))


def test_a_law_that_does_not_apply_says_why() -> None:
    by_name = {o.law: o for o in operator_outcomes(Doubles, examples=3)}
    assert str(by_name["diagonal"]) == "--   diagonal       does not apply: diagonal() is None"
    assert by_name["geometry"].cases == 0
    assert str(by_name["adjoint"]).startswith("ok   adjoint")
    with pytest.raises(InvpriorError, match=r"no law applied in any of 3 cases: diagonal: diagonal\(\) is None"):
        check_linear_operator(Doubles, laws=["diagonal"], examples=3)


def test_shapes_laws_and_tolerances_are_the_callers() -> None:
    seen: list[Shape] = []

    def factory(shape: Shape) -> LinearOperator:
        seen.append(shape)
        return ScaledAdjoint(shape)

    with pytest.raises(LawError):
        check_linear_operator(factory, shapes=[(31, 16, 16), (7,)], laws="adjoint", examples=5)
    assert set(seen) <= {(31, 16, 16), (7,)}
    assert check_linear_operator(factory, shapes=st.just((5,)), laws=["adjoint"], tol=1e12) is None  # type: ignore[func-returns-value]
    with pytest.raises(InvpriorError, match="there is no law 'adjiont'; take shape, dtype, adjoint"):
        check_linear_operator(factory, laws=["adjiont"])
    with pytest.raises(InvpriorError, match="tol is a factor on the bounds"):
        check_linear_operator(factory, tol=0)
    with pytest.raises(InvpriorError, match="examples is a whole number"):
        check_linear_operator(factory, examples=0)
    with pytest.raises(InvpriorError, match="shapes is a list of shapes"):
        check_linear_operator(factory, shapes=(3, 16, 16))  # type: ignore[arg-type]
    with pytest.raises(InvpriorError, match="has its shape already"):
        check_linear_operator(ScaledAdjoint((3, 4, 5)), shapes=[(3, 4, 5)])
    with pytest.raises(InvpriorError, match="a noise model is checked without shapes"):
        outcomes(noise.Gaussian, shapes=[(3, 4, 5)])


def test_three_examples_take_a_moment() -> None:
    operator_outcomes(Doubles, examples=1)  # torch's functional transforms load on first use
    begin = time.process_time()
    operator_outcomes(Doubles, examples=3)
    assert time.process_time() - begin < 1


def test_an_error_holds_the_case_and_lines_that_make_it_again() -> None:
    with pytest.raises(LawError) as caught:
        check_linear_operator(ScaledAdjoint, laws="adjoint")
    error = caught.value
    assert isinstance(error.operator, ScaledAdjoint)
    assert error.input is not None
    assert error.left is not None
    assert error.right is not None
    assert error.input.shape == error.operator.in_shape
    assert float(error.left / error.right) == pytest.approx(1 / 1.001, rel=1e-5)
    assert error.code in str(error)
    names: dict[str, Any] = {}
    exec(error.code, names)
    assert float(names["left"] / names["right"]) == pytest.approx(1 / 1.001, rel=1e-5)
    assert torch.equal(names["x"], error.input)


@pytest.mark.parametrize(("check_it", "kind"), [(check_functional, WrongThreshold), (check_operator, CURVED[0])])
def test_lines_of_other_kinds_run_too(check_it: Any, kind: Any) -> None:
    with pytest.raises(LawError) as caught:
        check_it(kind, tol=1e-12, laws=["prox"] if kind is WrongThreshold else ["vjp"])
    exec(caught.value.code, {})


def test_each_law_is_a_test_of_its_own() -> None:
    laws = {law.__name__: law for law in laws_of(AtFourChannels, examples=30)}
    assert list(laws)[:3] == ["shape", "dtype", "adjoint"]
    laws["linearity"]()
    with pytest.raises(LawError, match=r"AtFourChannels\(\(4, \d, \d\)\)"):
        laws["adjoint"]()
    with pytest.raises(Exception, match=r"diagonal\(\) is None") as skipped:  # what unittest and pytest take for a skip
        laws["diagonal"]()
    assert skipped.type.__name__ == "SkipTest"


@pytest.mark.parametrize(
    ("target", "law"),
    [
        (operators.Identity, "adjoint"),
        (Bayer, "window"),
        (Cassi((16, 5, 4)), "norm"),
        (lambda shape: operators.Identity(shape), "gram"),
        (lambda shape: Gamma(shape), "vjp"),
        (operators.Saturate, "jvp"),
        (L1, "prox"),
        (0.5 * L1(), "young"),
        (priors.TV, "terms"),
        (priors.TV() + priors.Tikhonov(), "scaling"),
        (noise.Gaussian, "information"),
        (solvers.PDHG(), "honesty"),
        (stop_rules.MaxIterations(3), "most"),
        (torch.nn.Conv2d(16, 3, 1), "fits"),
    ],
)
def test_the_laws_of_an_object_are_those_of_its_kind(target: Any, law: str) -> None:
    assert law in [each.__name__ for each in laws_of(target)]


@pytest.mark.parametrize("check_it", [check_functional, check_prior, check_solver, check_stop, check_network, check])
def test_what_is_of_no_kind_is_named(check_it: Any) -> None:
    with pytest.raises(InvpriorError, match="there is nothing to check in 3; give "):
        check_it(3)
    with pytest.raises(InvpriorError, match="is a LinearOperator, which has more laws; take check_linear_operator"):
        check_operator(operators.Identity)


class Doubled(Functional):
    """|u| with a proximal map that moves twice as far, and a gradient of the wrong sign."""

    def __call__(self, u: Tensor) -> Tensor:
        return u.abs().sum()

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return u.sgn() * (u.abs() - 2 * step).clamp(min=0)

    def gradient(self, u: Tensor) -> Tensor:
        return -u.sgn()


def test_a_proximal_map_and_a_gradient_need_no_declaration_to_be_measured_and_taken() -> None:
    assert Doubled().proximable
    assert Doubled().differentiable
    assert not any(outcome.holds for outcome in outcomes(Doubled, laws=["prox", "gradient"]))

    class Own(Prior):
        def terms(self, shape: Shape) -> tuple[Term, ...]:
            return (Doubled() @ operators.FiniteDifference(shape),)

    shape = (1, 4, 4)
    problem = Problem(operators.Identity(shape), torch.zeros(shape), noise=noise.Gaussian(0.1), prior=Own())
    assert isinstance(choose(problem).solver, solvers.PDHG)


def test_a_reproducer_prints_what_the_functional_has() -> None:
    class Slope(Doubled):
        ordered = True
        prox = Functional.prox

    with pytest.raises(LawError, match=r"print\(f\(u\), f\.gradient\(u\)\)"):
        check_functional(Slope)


def test_a_separable_functional_without_its_conjugate_over_a_box_is_told_so() -> None:
    class Half(Functional):
        separable = proximable = True

        def __call__(self, u: Tensor) -> Tensor:
            return u.square().sum() / 2

    zero = torch.zeros(3)
    with pytest.raises(InvpriorError, match=r"Half says separable=True and lacks conj_bounded\(u, low, high\)"):
        Half().conj_bounded(zero, zero, zero)
    with pytest.raises(InvpriorError, match=r"lacks limits\(low, high\)"):
        Half().limits(zero, zero)
    with pytest.raises(InvpriorError, match="L21 is not a sum over the entries"):
        L21((0,)).limits(zero, zero)


@settings(max_examples=30)
@given(strategies.shapes(most=40, axes=(1, 2, 3, 4)), strategies.dtypes(), st.data())
def test_strategies_serve_tests_of_ones_own(shape: Shape, dtype: torch.dtype, data: st.DataObject) -> None:
    x = data.draw(strategies.contents(shape, dtype))
    assert x.x.shape == shape
    assert x.x.dtype == dtype
    assert torch.equal(x.x, eval(x.code, {"strategies": strategies, "torch": torch}))
