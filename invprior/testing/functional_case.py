"""What the laws of a functional are measured on: functionals with two points and a step, real and complex."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from random import Random

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.functional import Functional
from invprior.shapes import Shape
from invprior.testing.content import named
from invprior.testing.law import Measurement, Skip
from invprior.testing.strategies import Shapes, as_strategy, seeds
from invprior.testing.strategies import shapes as usual_shapes

Target = Functional | type[Functional]
SLACK = 1e-9  # relative, for values in float64
NO_PROX = Skip("it has no proximal map")


def size2(t: Tensor) -> float:
    return float(t.abs().square().sum())


def inner(a: Tensor, b: Tensor) -> float:
    return float((a.conj() * b).real.sum())


@dataclass(frozen=True, eq=False)
class FunctionalCase:
    """A functional with two points and a step."""

    f: Functional
    u: Tensor
    w: Tensor
    step: float
    label: str
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.f!r}, {self.label}, step {self.step:.3g}"

    @property
    def subject(self) -> Functional:
        return self.f

    @property
    def given(self) -> Tensor:
        return self.u

    def fresh(self) -> FunctionalCase:
        return replace(self, f=deepcopy(self.f), u=self.u.clone(), w=self.w.clone())

    def at_most(self, excess: float, scale: float, what: str = "") -> Measurement:
        """An excess that should not be positive, relative to ``scale``."""
        return Measurement(max(excess, 0.0) / (1 + abs(scale)), SLACK, f"{self!r}{': ' if what else ''}{what}")


def held(f: Functional) -> list[Tensor]:
    """The tensors of a functional and of those that it is built on, such as a centre."""
    values = vars(f).values()
    own = [v for v in values if isinstance(v, Tensor)]
    return own + [t for v in values if isinstance(v, Functional) for t in held(v)]


def precisions(f: Functional) -> list[torch.dtype]:
    """The dtypes of the points that f takes: real alone if it compares values, complex alone if it holds such."""
    if f.ordered:
        return [torch.float64]
    if any(t.is_complex() for t in held(f)):
        return [torch.complex128]
    return [torch.float64, torch.complex128]


def asked(f: Functional) -> list[str]:
    """What of a functional can be printed, as code."""
    known = {"f(u)": f.valued, "f.prox(u, step)": f.proximable, "f.gradient(u)": f.differentiable}
    return [code for code, known in known.items() if known]


@st.composite
def cases(draw: st.DrawFn, maker: FunctionalMaker) -> FunctionalCase:
    """A functional of the target at random and edge points, real and complex ones."""
    size, settings = draw(maker.shapes), draw(seeds())
    f = maker.at(size, settings)
    if f is None:
        reject()
    power, seed = draw(st.integers(-3, 3)), draw(seeds())
    kind = draw(st.sampled_from(["random", "sparse", "zeros", "constant"]))
    dtype = draw(st.sampled_from(precisions(f)))
    scale = 10.0**power
    u, w = named(kind, size, dtype, seed), named("random", size, dtype, seed + 1)
    step = 10 ** draw(st.floats(-2, 2))
    lines = (
        "import torch",
        "from random import Random",
        "from invprior.testing import strategies",
        *maker.lines(size, settings),
        f"u, w, step = {scale:g} * {u.code}, {scale:g} * {w.code}, {step!r}",
        *(
            ["# f takes complex values by their modulus; one that compares values says ordered = True"]
            * dtype.is_complex
        ),
        f"print({', '.join(asked(f))})",
    )
    label = f"{'complex ' * dtype.is_complex}{u.label} × {scale:g}, shape {size}"
    return FunctionalCase(f, scale * u.x, scale * w.x, step, label, lines)


class FunctionalMaker:
    """Makes functionals for points of a shape, and remembers the last refusal."""

    def __init__(self, target: Target, shapes: Shapes | None) -> None:
        if not isinstance(target, Functional) and not (isinstance(target, type) and issubclass(target, Functional)):
            raise InvpriorError(f"there is nothing to check in {target!r}; give a functional or its class")
        self.target = target
        self.shapes = usual_shapes(6, axes=(3, 2, 4)) if shapes is None else as_strategy(shapes)
        self.refusal = ""

    def at(self, shape: Shape, seed: int) -> Functional | None:
        """The functional for points of this shape; None if they are refused."""
        if isinstance(self.target, type):
            return called(f"make an example of {self.target.__name__}", partial(self._example, shape, seed))
        points = torch.zeros(shape, dtype=precisions(self.target)[0])
        try:  # one that holds tensors takes points of one shape
            self.target(points)
            fits = not self.target.proximable or self.target.prox(points, 1.0).shape == points.shape
        except (InvpriorError, RuntimeError) as error:
            self.refusal = f", {shape} with: {error}"
            return None
        return self.target if fits else None

    def _example(self, shape: Shape, seed: int) -> Functional | None:
        assert isinstance(self.target, type)
        try:
            return self.target.example(shape, Random(seed))
        except InvpriorError as error:
            self.refusal = f", {shape} with: {error}"
            return None

    def lines(self, shape: Shape, seed: int) -> tuple[str, ...]:
        if not isinstance(self.target, type):
            return (f"f = …  # {self.target!r}, as you made it; the error holds it as error.operator",)
        name = self.target.__name__
        return (f"from {self.target.__module__} import {name}", f"f = {name}.example({shape}, Random({seed}))")

    def no_case(self) -> InvpriorError:
        return InvpriorError(
            f"there was no case to check: {self.target!r} refused points of every shape that was tried{self.refusal}; "
            "give the shapes of its points, such as shapes=[(3, 16, 16)]"
        )
