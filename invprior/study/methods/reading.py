"""What a user gave a study to compare, as methods: texts, objects, and pairs of a name and one of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.purpose import Purpose
from invprior.specs import expanded, parse_prior
from invprior.study.methods.base import Compared
from invprior.study.methods.function import Function
from invprior.study.methods.prior import GivenPrior, NamedPrior
from invprior.study.methods.program import USAGE, Program

PriorLike = str | Prior | tuple[str, Prior]
MethodLike = str | Callable[..., Any] | tuple[str, str | Callable[..., Any]]

NAME = re.compile(r"\s*([^=:{}]*[^=:{}\s])\s*=\s*(.+)", re.DOTALL)
PROGRAM = "program:"


def priors_of(given: PriorLike) -> list[Compared]:
    """The priors that a spec or an object stands for: one, or one for each value of a sweep.

    Raises
    ------
    InvpriorError
        If it is no prior.
    """
    if isinstance(given, str):
        specs = [parse_prior(text) for text in expanded(given)]
        for spec in specs:
            spec.made(Purpose())  # raises now if a setting is wrong
        return [NamedPrior(spec) for spec in specs]
    name, prior = given if isinstance(given, tuple) and _pair(given) else (None, given)
    if not isinstance(prior, Prior):
        such = "'tv', priors.TV() or ('mine', prior)"
        call = f"; write {prior.__name__}()" if isinstance(prior, type) and issubclass(prior, Prior) else ""
        raise InvpriorError(f"a study takes priors such as {such}, got {shown(prior)}{call}")
    return [GivenPrior.of(prior, name)]


def method_of(given: MethodLike, limit: float) -> Compared:
    """The method that a text, a function or a pair stands for; ``limit`` is that of a program, in seconds.

    Raises
    ------
    InvpriorError
        If it is no method, cannot be imported, or takes what a study does not give.
    """
    name, target = given if isinstance(given, tuple) and _pair(given) else (None, given)
    if isinstance(target, str):
        found = NAME.fullmatch(target) if name is None else None
        text, spec = (found[1], found[2]) if found else (name or target, target)
        if spec.strip().startswith(PROGRAM):
            return Program(text, spec.strip().removeprefix(PROGRAM).strip(), limit)
        if re.fullmatch(r"[\w.]+:\w+", spec.strip()):
            return Function.of(spec.strip(), text)
        raise InvpriorError(f"method {target!r} is neither module:function nor {USAGE!r}, after NAME= if you like")
    if not callable(target) or isinstance(target, Prior):
        remedy = "; give a prior among the priors" if isinstance(target, Prior) else ""
        raise InvpriorError(
            f"a study takes methods such as a function, 'module:function' or ('name', function), got {shown(target)}"
            f"{remedy}"
        )
    return Function.of(target, _called(target) if name is None else name)


def distinct(found: Sequence[Compared], what: str) -> dict[str, Compared]:
    """The methods by their texts.

    Raises
    ------
    InvpriorError
        If two have one text.
    """
    texts = [method.text for method in found]
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise InvpriorError(f"{what} {twice!r} is given twice; drop one, or give one of the two a name")
    return dict(zip(texts, found, strict=True))


def _pair(given: tuple[Any, ...]) -> bool:
    return len(given) == 2 and isinstance(given[0], str) and bool(given[0].strip())


def _called(target: Any) -> str:
    while isinstance(target, partial):
        target = target.func
    return str(getattr(target, "__name__", type(target).__name__))
