"""What is checked: an object, or what makes one for a shape; and the Python that makes it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from random import Random
from typing import Any, Generic, TypeVar

import torch
from hypothesis import reject
from hypothesis import strategies as st

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.moving import moved
from invprior.operator import Operator
from invprior.shapes import Shape
from invprior.testing.strategies import Shapes, as_strategy, input_dtype, seeds, shapes

Operators = st.SearchStrategy["Made[Any]"]
O = TypeVar("O", bound=Operator)  # noqa: E741
SMALL: dict[int, Shape] = {1: (6,), 2: (6, 5), 4: (2, 3, 6, 5)}
# Many channels, as spectra and features have, and large sides, multiples of 32 among them, as networks want.
CORNERS: tuple[Shape, ...] = ((4, 6, 5), (31, 4, 3), (2, 32, 64), (1, 33, 27))
# Shapes to suggest where none that was drawn fits, the usual ones of sensors, patches and spectra.
CHANNELS = (*range(1, 65), 100, 128, 200, 256)
SIDES = ((8, 8), (16, 16), (28, 28), (32, 32), (64, 64), (100, 100), (128, 128), (256, 256), (512, 512))


class NoCaseError(InvpriorError):
    """No shape was accepted; ``shape`` is one that would be, if one was found."""

    def __init__(self, sentence: str, shape: Shape | None) -> None:
        super().__init__(sentence)
        self.shape = shape


@dataclass(frozen=True, eq=False)
class Made(Generic[O]):
    """An operator and the lines that make it again."""

    operator: O
    lines: tuple[str, ...]


class Maker(Generic[O]):
    """Makes operators of one class, from a subclass by its ``example`` or from a factory of a shape.

    It remembers the last refusal, so that a check without a case can say why.
    """

    def __init__(self, target: Any, kind: type[O], given: Shapes | None) -> None:
        self.target, self.kind = target, kind
        self.refusal: tuple[Shape, str] | None = None
        # given shapes are the caller's business; of the others, only numbers of axes that the operator takes at all
        axes = (3, *(n for n in SMALL if given is None and self._takes(n)))
        self.shapes = shapes(axes=axes) if given is None else as_strategy(given)

    def at(self, shape: Shape, seed: int) -> O | None:
        """The operator for this shape; None if the shape is refused by an :class:`InvpriorError`."""
        operator = called(f"make an operator for shape {shape}", partial(self._unless_refused, shape, seed))
        if operator is not None and not isinstance(operator, self.kind):
            raise InvpriorError(f"the factory must return a {self.kind.__name__}, it gave {type(operator).__name__}")
        return operator

    def _unless_refused(self, shape: Shape, seed: int) -> O | None:
        by_class = isinstance(self.target, type) and issubclass(self.target, Operator)
        try:
            made: O = self.target.example(shape, Random(seed)) if by_class else self.target(shape)
        except InvpriorError as error:
            self.refusal = (shape, str(error))
            return None
        return made

    def _takes(self, axes: int) -> bool:
        """Whether an operator for this many axes can be made and maps zeros and a batch of them as it says.

        Code that is made for (C, H, W) fails for others in all manners; that is no fault of it.
        """
        shape = SMALL[axes]
        try:
            A = self._unless_refused(shape, 0)
            if A is None or A.in_shape != shape:
                return False
            zeros = torch.zeros(2, 2, *shape, dtype=input_dtype(A, torch.float32))
            return all(
                tuple(precise(A, torch.float32)(z).shape) == lead + A.out_shape
                for z, lead in ((zeros[0, 0], ()), (zeros, (2, 2)))
            )
        except (Exception, SystemExit):
            return False

    def lines(self, shape: Shape, seed: int) -> tuple[str, ...]:
        name = getattr(self.target, "__qualname__", type(self.target).__name__)
        module = getattr(self.target, "__module__", "__main__")
        local = module == "__main__" or "<" in name
        found = f"# {name}: as you defined it" if local else f"from {module} import {name.split('.')[0]}"
        if isinstance(self.target, type) and issubclass(self.target, Operator):
            return (found, f"A = {name}.example({shape}, Random({seed}))")
        return (found, f"A = {'factory' if '<' in name else name}({shape})")

    def no_case(self) -> NoCaseError:
        """The sentence for a check in which every shape was refused, with a shape that would not be."""
        last = self.refusal
        fits = next((s for s in _candidates() if self.at(s, 0) is not None), None)
        name = getattr(self.target, "__name__", "the factory")
        why = "" if last is None else f", {last[0]} with: {last[1]}"
        such = "shapes that fit by shapes=[…]" if fits is None else f"shapes that it takes, such as shapes=[{fits}]"
        return NoCaseError(
            f"there was no case to check: {name} refused every shape that was tried{why}; give {such}", fits
        )


def _candidates() -> list[Shape]:
    flat: list[Shape] = [(n,) for n in (8, 64, 256)] + list(SIDES)
    deep: list[Shape] = [(2, *s) for s in product((1, 3), (16,), (16,))]
    return [(c, *sides) for sides, c in product(SIDES, CHANNELS)] + flat + deep


@st.composite
def making(draw: st.DrawFn, maker: Maker[O], shapes: st.SearchStrategy[Shape]) -> Made[O]:
    """An operator for a drawn shape."""
    shape, seed = draw(shapes), draw(seeds())
    operator = maker.at(shape, seed)
    if operator is None:
        reject()
    return Made(operator, maker.lines(shape, seed))


@dataclass(frozen=True)
class Source:
    """The operators to check, what to say if there are none, and those of shapes that must not be left to chance."""

    operators: Operators
    none: Callable[[], NoCaseError]
    corners: tuple[Operators, ...] = ()


def source(target: Any, kind: type[O], given: Shapes | None) -> Source:
    """The operators to check."""
    if isinstance(target, Operator):
        if given is not None:
            raise InvpriorError(f"{target!r} has its shape already; give shapes with its class or a factory of a shape")
        made = Made(target, (f"A = …  # {target!r}, as you made it; the error holds it as error.operator",))
        return Source(st.just(made), lambda: NoCaseError("there was no case to check", None))
    if not callable(target):
        raise InvpriorError(
            f"there is nothing to check in {target!r}; give an operator, a class or a factory of a shape"
        )
    maker = Maker(target, kind, given)
    corners = (
        () if given is not None else tuple(making(maker, st.just(s)) for s in CORNERS if maker.at(s, 0) is not None)
    )
    return Source(making(maker, maker.shapes), maker.no_case, corners)


def precise(A: O, real: torch.dtype) -> O:
    """A copy of the operator in another precision: complex buffers stay complex, real ones real."""
    return moved(A, None, real)
