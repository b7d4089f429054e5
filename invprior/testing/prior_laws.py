"""The laws of a prior: its penalty terms, its generator, and what it declares."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.priors as priors
from invprior.arguments import required
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.functional import Term
from invprior.prior import Generator, Prior
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape
from invprior.testing.content import content
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes, as_strategy, seeds
from invprior.testing.strategies import shapes as usual_shapes

Target = Prior | type[Prior]
NO_TERMS = Skip("it has no penalty terms")
NO_GENERATOR = Skip("parametrised is False")


@dataclass(frozen=True, eq=False)
class PriorCase:
    """A prior with an image of one shape."""

    prior: Prior
    shape: Shape
    seed: int

    def __repr__(self) -> str:
        return f"{self.prior!r}, shape {self.shape} (seed {self.seed})"

    @property
    def subject(self) -> Prior:
        return self.prior

    @property
    def given(self) -> Tensor:
        return self.image(self.shape)

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            "import torch",
            f"prior = …  # {self.prior!r}",
            f"print(prior.terms({self.shape}), prior.lift({self.shape}))",
            f"print(prior.generator({self.shape}, torch.Generator().manual_seed({self.seed})))",
        )

    def fresh(self) -> PriorCase:
        return self

    def image(self, shape: Shape) -> Tensor:
        return 0.5 + 0.1 * content("random", shape, torch.float32, self.seed)

    def rng(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)

    def generator(self) -> Generator | None:
        return self.prior.generator(self.shape, self.rng())

    def exactly(self, wrong: str) -> Measurement:
        return Measurement(float(bool(wrong)), 0.0, f"{self!r}: {wrong}" if wrong else repr(self))


def _variable(case: PriorCase) -> Shape:
    lift = case.prior.lift(case.shape)
    return case.shape if lift is None else lift.in_shape


def _terms(case: PriorCase) -> Measurement:
    terms = case.prior.terms(case.shape)
    if not isinstance(terms, tuple) or not all(isinstance(t, Term) for t in terms):
        return case.exactly(f"terms() returns a tuple of Terms, got {terms!r:.80}; write (term,) for one")
    variable = _variable(case)
    other = [t.operator.in_shape for t in terms if t.operator.in_shape != variable]
    return case.exactly(f"a term takes {other[0]}, the image has {variable}" if other else "")


def _value(case: PriorCase) -> Measurement | Skip:
    terms = [t for t in case.prior.terms(case.shape) if t.functional.valued]
    if not terms:
        return NO_TERMS
    values = [t(case.image(_variable(case))) for t in terms]
    wrong = [v for v in values if v.ndim or v.is_complex() or bool(v.isnan()) or v.dtype != torch.float32]
    return case.exactly(f"a term's value of a float32 image is {wrong[0]!r}" if wrong else "")


def _scaling(case: PriorCase) -> Measurement | Skip:
    x = case.image(_variable(case)).double()
    pairs = zip(case.prior.terms(case.shape), (2.5 * case.prior).terms(case.shape), strict=True)
    values = [(2.5 * t(x), scaled(x)) for t, scaled in pairs if t.functional.valued]
    if not values:
        return NO_TERMS
    left, right = (torch.stack(v) for v in zip(*values, strict=True))
    same = torch.isfinite(left) | (left != right)  # outside a domain both are infinite
    off = float(torch.where(same, (left - right).abs() / (1 + left.abs()), 0).max())
    return Measurement(off, 1e-9, repr(case), left, right)


def _lift(case: PriorCase) -> Measurement | Skip:
    S = case.prior.lift(case.shape)
    if S is None:
        return Skip("lift() is None")
    if S.out_shape != case.shape:
        return case.exactly(f"S gives {S.out_shape}, the image has {case.shape}")
    x = case.image(case.shape)
    off = float((S(S.H(x)) - x).abs().max())
    return Measurement(off, 1e-5, f"{case!r}: S Sᴴ is not the identity", S(S.H(x)), x)


def _generator(case: PriorCase) -> Measurement | Skip:
    made = case.generator()
    if (made is not None) != case.prior.parametrised:
        return case.exactly(f"parametrised is {case.prior.parametrised}, generator() gave {type(made).__name__}")
    if made is None:
        return NO_GENERATOR
    if not isinstance(made, Generator):
        return case.exactly(f"generator() returns a Generator, got {type(made).__name__}")
    with torch.no_grad():
        x = made().detach()
    if tuple(x.shape) != case.shape or not bool(x.isfinite().all()):
        return case.exactly(f"its image has shape {tuple(x.shape)}, or values that are not finite")
    low, high = float(x.min()), float(x.max())
    outside = made.unit_range and not (low >= -1e-4 and high <= 1 + 1e-4)
    return case.exactly(f"unit_range is True, its values go from {low:.3g} to {high:.3g}" if outside else "")


def _seeded(case: PriorCase) -> Measurement | Skip:
    state = torch.random.get_rng_state()
    first, again = case.generator(), case.generator()
    if first is None or again is None:
        return NO_GENERATOR
    if not torch.equal(state, torch.random.get_rng_state()):
        return case.exactly("generator() uses the global random numbers; draw from rng alone")
    with torch.no_grad():
        if not torch.equal(first(), again()):
            return case.exactly("two generators from equal rngs give other images; draw from rng alone")
        if not torch.equal(first(), first()):
            return case.exactly("two passes without an rng give other images")
        same = torch.equal(first(case.rng()), again(case.rng()))
    return case.exactly("" if same else "two passes with equal rngs give other images")


def _fits(case: PriorCase) -> Measurement | Skip:
    made = case.generator()
    if made is None:
        return NO_GENERATOR
    x = made(case.rng())
    if not x.requires_grad:
        return case.exactly("its image hangs on no parameter, so that nothing can be fitted")
    (x - case.image(case.shape)).square().sum().backward()
    grads = [p.grad for p in made.parameters() if p.grad is not None]
    sound = all(bool(g.isfinite().all()) for g in grads) and any(bool(g.any()) for g in grads)
    return case.exactly("" if sound else "the gradient of a fit is zero or not finite")


def _names(case: PriorCase) -> Measurement | Skip:
    named = type(case.prior).names(Purpose()) if type(case.prior).__module__ != "invprior.prior" else {}
    if not named:
        return Skip("names() is empty")
    for name, factory in named.items():
        if not isinstance(name, str) or not name.replace("_", "").replace("-", "").isalnum() or name != name.lower():
            return case.exactly(f"a name in specs is a word in lower case, got {name!r}")
        if not required(factory) and not isinstance(factory(), Prior):
            return case.exactly(f"the factory of {name!r} makes no prior")
    return case.exactly("")


def _memory(case: PriorCase) -> Measurement:
    m = case.prior.memory
    sound = isinstance(m, Memory) and all(math.isfinite(v) and v >= 0 for v in (m.step, m.held)) and m.step > 0
    return case.exactly("" if sound else f"memory is a Memory of GB per megapixel, got {m!r}")


LAWS: tuple[Law[PriorCase], ...] = (
    Law("terms", "terms() are Terms that take the image, or the variable of the lift", _terms),
    Law("value", "a term is a real scalar of the image's precision, not NaN", _value, core=False),
    Law("scaling", "c·R has terms with c times the value, relative", _scaling, core=False),
    Law("lift", "S of a lifted prior gives the image, and S Sᴴ = I", _lift, core=False),
    Law("generator", "parametrised says if there is a generator; its image has the shape, and is finite", _generator),
    Law("seeded", "generators and their passes depend on the rng alone", _seeded, core=False),
    Law("fits", "a fit has a gradient, which is finite", _fits, core=False),
    Law("names", "the names in specs are words in lower case, and their factories make priors", _names, core=False),
    Law("memory", "memory is a Memory of positive numbers", _memory),
)


def exported() -> dict[str, type[Prior]]:
    """Every prior class that ``invprior.priors`` exports, by name."""
    return classes(priors, Prior)


class PriorMaker:
    """Tries a prior on shapes, and remembers the last refusal."""

    def __init__(self, target: Target, shapes: Shapes | None) -> None:
        is_class = isinstance(target, type) and issubclass(target, Prior)
        if not is_class and not isinstance(target, Prior):
            raise InvpriorError(f"there is nothing to check in {target!r}; give a prior or its class")
        if isinstance(target, type) and required(target):
            raise InvpriorError(
                f"{target.__name__} needs {', '.join(required(target))}; give an instance, not the class"
            )
        make: Callable[[], Any] = target if isinstance(target, type) else lambda: target
        self.prior: Prior = called(f"make {getattr(target, '__name__', 'the prior')}", make)
        self.shapes = usual_shapes(33, channels=4, axes=(3, 2)) if shapes is None else as_strategy(shapes)
        self.refusal = ""

    def takes(self, shape: Shape) -> bool:
        return called(f"make the terms of {self.prior!r}", partial(self._takes, shape))

    def _takes(self, shape: Shape) -> bool:
        try:
            self.prior.terms(shape)
            self.prior.generator(shape, torch.Generator().manual_seed(0))
        except InvpriorError as error:
            self.refusal = f", {shape} with: {error}"
            return False
        return True

    def no_case(self) -> InvpriorError:
        return InvpriorError(
            f"there was no case to check: {self.prior!r} refused every shape that was tried{self.refusal}; "
            "give the shapes that it takes, such as shapes=[(3, 64, 64)]"
        )


@st.composite
def cases(draw: st.DrawFn, maker: PriorMaker) -> PriorCase:
    """The prior for a shape that it takes."""
    shape, seed = draw(maker.shapes), draw(seeds())
    if not maker.takes(shape):
        reject()
    return PriorCase(maker.prior, shape, seed)


def prior_outcomes(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 12,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_prior` and return the outcomes."""
    maker = PriorMaker(target, shapes)
    return survey(LAWS, cases(maker), Search(examples, seed, laws, tol), maker.no_case)


def check_prior(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 12,
    seed: int = 0,
) -> None:
    """Search for a shape for which a prior breaks one of its laws.

    The functionals of its terms have laws of their own: :func:`check_functional`.

    Parameters
    ----------
    target
        A prior, or a class whose defaults are checked.
    shapes
        The event shapes to try, a list or a strategy.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound that is not zero.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    InvpriorError
        If the prior refuses every shape.
    """
    raise_first(prior_outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))
