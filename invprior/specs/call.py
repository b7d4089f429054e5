"""Parsing of specs: ``name:value,key=value``, read like a call in Python."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from fractions import Fraction

from invprior.errors import InvpriorError

# The types that a value in a spec is parsed to.
Value = int | float | bool | Fraction | str | tuple[int, ...]
# The one kind of sequence that a spec writes, as in 32/64/64.
SEQUENCE = "tuple[int, ...]"


@dataclass(frozen=True)
class Call:
    """A parsed spec ``name(*values, **settings)``, its values still text."""

    text: str
    name: str
    values: tuple[str, ...]
    settings: dict[str, str]

    def only(self, *known: str) -> None:
        """Raise if a setting is not one of ``known``."""
        for key in self.settings:
            if key not in known:
                offer = f"it takes {', '.join(known)}" if known else "it takes none"
                raise InvpriorError(f"{self.text!r}: {self.name} has no setting {key!r}; {offer}")

    def with_setting(self, key: str, value: str) -> Call:
        """The call with one more setting."""
        return replace(self, settings={**self.settings, key: value})


def parse_call(text: str) -> Call:
    """Parse a spec.

    Raises
    ------
    InvpriorError
        If a name or a value is missing, a setting is repeated, or a value follows a setting.
    """
    name, colon, rest = text.strip().partition(":")
    parts = [part.strip() for part in rest.split(",")] if colon else []
    if not name.strip() or not all(parts):
        raise InvpriorError(f"{text!r} is not a spec; write NAME, NAME:VALUE or NAME:KEY=VALUE,KEY=VALUE")
    values: list[str] = []
    settings: dict[str, str] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            if settings:
                raise InvpriorError(f"{text!r}: the value {part!r} must come before {next(iter(settings))}=…")
            values.append(part)
        elif not (key and value) or key in settings:
            raise InvpriorError(f"{text!r}: {part!r} is not a setting or is repeated; write KEY=VALUE once")
        else:
            settings[key] = value
    return Call(text, name.strip(), tuple(values), settings)


def literal(text: str) -> int | float | bool | Fraction | str:
    """The text as a number, a fraction such as ``3/2`` or a truth value; otherwise the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float, Fraction):
        try:
            return kind(text)
        except (ValueError, ZeroDivisionError):
            continue
    return text


def offered(signature: inspect.Signature) -> dict[str, str]:
    """The parameters that a spec can set, with their annotations: numbers, words and whole numbers in a row."""
    annotations = {p.name: str(p.annotation) for p in signature.parameters.values()}
    return {name: annotation for name, annotation in annotations.items() if _kinds(annotation)}


def _kinds(annotation: str) -> set[str]:
    kinds = {kind.strip() for kind in annotation.split("|")} - {"None"}
    # brackets and dots mark containers and classes of a module, which a spec cannot write
    plain = {kind for kind in kinds if kind.startswith("Literal[") or not re.search(r"[\[.]|Tensor", kind)}
    return plain | (kinds & {SEQUENCE})


def convert(call: Call, key: str, text: str, annotation: str) -> Value:
    """Convert the text of a setting to the type in its parameter's annotation.

    Raises
    ------
    InvpriorError
        If the parameter takes a number or a truth value and the text is not one.
    """
    value, kinds = literal(text), _kinds(annotation)
    if kinds == {SEQUENCE}:
        return _row(call, key, text)
    if kinds == {"str"}:
        return text
    if kinds == {"bool"}:
        if isinstance(value, bool):
            return value
        raise InvpriorError(f"{call.text!r}: {key} takes true or false, got {text!r}")
    if kinds <= {"int", "float", "Fraction"}:
        if isinstance(value, bool | str) or ("float" not in kinds and isinstance(value, float)):
            raise InvpriorError(
                f"{call.text!r}: {key} takes a {'whole ' if kinds == {'int'} else ''}number, got {text!r}"
            )
        return float(value) if kinds == {"float"} else value
    return value


def _row(call: Call, key: str, text: str) -> tuple[int, ...]:
    values = [literal(part.strip()) for part in text.split("/")]
    if not all(type(value) is int for value in values):
        raise InvpriorError(f"{call.text!r}: {key} takes whole numbers with / between them, got {text!r}")
    return tuple(value for value in values if isinstance(value, int))


def positive(call: Call, text: str, what: str) -> float:
    """Convert a text of the call to a finite number of 0 or more."""
    value = literal(text)
    if isinstance(value, bool | str) or not 0 <= value < float("inf"):
        raise InvpriorError(f"{call.text!r}: {what} must be a number of 0 or more, got {text!r}")
    return float(value)
