"""Arguments of wrong kinds are named in one sentence, by what a function's annotations say."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, runtime_checkable

from invprior.errors import InvpriorError


@runtime_checkable
class Array(Protocol):
    """An array of NumPy or torch, neither of which is needed here."""

    ndim: int
    shape: tuple[int, ...]

    def tolist(self) -> Any: ...


F = TypeVar("F", bound=Callable[..., Any])
Remedy = Callable[[str, object], str]
# What a kind is called; numbers of NumPy and torch's sizes are numbers too.
WORDS: dict[Any, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a word",
    Path: "a path",
    type(None): "None",
}


def checked(target: F) -> F:
    """The function, or the class with its constructor, refusing arguments that are not of the annotated kinds.

    What an annotation does not tell, such as the range of a number, is left to the function itself, and so are
    annotations that do not exist at run time.
    """
    if isinstance(target, type):
        target.__init__ = _checked(target.__init__, target.__name__)  # type: ignore[misc]
        return target
    guarded: F = _checked(target, target.__name__)
    return guarded


def no_remedy(name: str, value: object) -> str:
    """What to do instead, where nothing is known."""
    return ""


def check_all(namespace: Mapping[str, Any], names: Iterable[str], remedy: Remedy = no_remedy) -> None:
    """:func:`checked` for all classes that a package exports and whose constructors are their own.

    ``remedy`` is told a class's name and the first argument, if it is of a wrong kind and stands without its name, and
    says how the sentence ends.
    """
    for name in names:
        kind = namespace[name]
        own = vars(kind).get("__init__") if isinstance(kind, type) else None
        if own is not None and not hasattr(own, "__wrapped__"):
            kind.__init__ = _checked(own, kind.__name__, remedy)


def _checked(function: Any, name: str, remedy: Remedy = no_remedy) -> Any:
    signature = inspect.signature(function)

    @functools.cache
    def kinds() -> dict[str, Any]:
        return {p.name: _evaluated(p.annotation, function) for p in signature.parameters.values()}

    @functools.wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        bound = signature.bind(*args, **given)  # Python's own TypeError for one that is missing or unknown
        wrong = [
            (parameter, one)
            for parameter, value in bound.arguments.items()
            for one in (value if signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL else (value,))
            if not fits(one, kinds()[parameter])
        ]
        if not wrong:
            return function(*args, **given)
        parameter, one = wrong[0]
        instead = remedy(name, one) if len(args) > 1 and one is args[1] else ""  # args[0] is self
        refusal = InvpriorError(f"{name} takes {told(kinds()[parameter])} as {parameter}, got {shown(one)}{instead}")
        try:
            out = function(*args, **given)
        except InvpriorError as error:
            if "\n" in str(error):  # a value that takes lines
                raise refusal from error
            raise  # its own sentence says more
        except Exception as error:
            raise refusal from error
        if all(_stands_for_a_tensor(value, kinds()[parameter]) for parameter, value in wrong):
            return out
        raise refusal

    return call


def _evaluated(annotation: Any, function: Any) -> Any:
    """The kind that an annotation names; Any if it is not there at run time."""
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, function.__globals__)
    except (NameError, TypeError, AttributeError):
        return Any


def fits(value: Any, kind: Any) -> bool:
    """Whether the value is of the annotated kind, as far as that can be told without using it up."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return isinstance(value, tuple({type(part) for part in parts}))
    if kind in (int, float, bool):
        return _is_number(value, kind)
    if origin is tuple and parts[-1:] != (...,):
        return isinstance(value, tuple | list) and len(value) == len(parts) and all(map(fits, value, parts))
    if origin in (tuple, list, Sequence) and not isinstance(value, Sequence):
        return False
    if origin in (tuple, list, Sequence, Iterable):
        return _is_series(value, parts[0] if parts else Any)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(v, parts[1]) for v in value.values())
    if origin is Callable or (getattr(kind, "_is_protocol", False) and "__call__" in vars(kind)):
        return callable(value)
    kind = origin if isinstance(origin, type) else kind  # Solver[Any] is Solver
    if kind is None:
        return value is None
    return kind is Any or not isinstance(kind, type) or getattr(kind, "_is_protocol", False) or isinstance(value, kind)


def _stands_for_a_tensor(value: Any, kind: Any) -> bool:
    """True for an array or a nested list, which much of what takes a tensor takes too."""
    return isinstance(value, Array | list | tuple) and "Tensor" in told(kind)


def _is_number(value: Any, kind: type) -> bool:
    is_truth = isinstance(value, bool) or type(value).__name__ == "bool_"
    if kind is bool:
        return is_truth
    return not is_truth and isinstance(value, Integral if kind is int else Real)


def _is_series(value: Any, part: Any) -> bool:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return False
    if isinstance(value, Array):
        return value.ndim == 1 and value.shape[0] > 0 and all(fits(v, part) for v in value.tolist())
    # an iterator would be used up
    return not isinstance(value, Sequence) or all(fits(v, part) for v in value)


def told(kind: Any) -> str:
    """The kind in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is None:
        return "None"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(told, parts)))
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin in (tuple, list, Sequence, Iterable):
        inner = WORDS.get(parts[0], told(parts[0])) if parts else "values"
        many = {"a whole number": "whole numbers", "a number": "numbers"}.get(inner, f"such as {inner}")
        return f"a tuple of {many}" if origin is tuple else f"a sequence of {many}"
    if origin is Mapping:
        return "a dict"
    kind = origin if isinstance(origin, type) else kind
    if origin is Callable or not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return "a function"
    return WORDS.get(kind, f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}")


def shown(value: object) -> str:
    """The value in a few words of one line."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"{' '.join(repr(value).split()):.60}"


def required(kind: Callable[..., Any]) -> list[str]:
    """The names of the parameters that a call must give."""
    any_number = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind not in any_number]


def check_seed(seed: object) -> None:
    """Raise unless this is a seed."""
    if not _is_number(seed, int) or not 0 <= seed < 2**62:  # type: ignore[operator]
        raise InvpriorError(f"a seed is a whole number from 0 to 2^62 − 1, got {shown(seed)}")
