"""A spec taken apart: ``name:value,key=value``, written like a call in Python."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from fractions import Fraction

from invprior.errors import InvpriorError

# What a value written in a spec may become.
Value = int | float | bool | Fraction | str


@dataclass(frozen=True)
class Call:
    """``name(*values, **settings)`` as it was written, all of it still text."""

    text: str
    name: str
    values: tuple[str, ...]
    settings: dict[str, str]

    def only(self, *known: str) -> None:
        """Raise where a setting has another name than these."""
        for key in self.settings:
            if key not in known:
                offer = f"it takes {', '.join(known)}" if known else "it takes none"
                raise InvpriorError(f"{self.text!r}: {self.name} has no setting {key!r}; {offer}")

    def with_setting(self, key: str, value: str) -> Call:
        """The call with one more setting."""
        return replace(self, settings={**self.settings, key: value})


def parse_call(text: str) -> Call:
    """Take a spec apart.

    Raises
    ------
    InvpriorError
        If a name or a value is missing, a setting comes twice, or a value stands behind a setting.
    """
    name, colon, rest = text.strip().partition(":")
    parts = [part.strip() for part in rest.split(",")] if colon else []
    if not name.strip() or not all(parts):
        raise InvpriorError(f"{text!r} is no spec; write it as NAME, NAME:VALUE or NAME:KEY=VALUE,KEY=VALUE")
    values: list[str] = []
    settings: dict[str, str] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            if settings:
                raise InvpriorError(f"{text!r}: the value {part!r} must stand before {next(iter(settings))}=…")
            values.append(part)
        elif not (key and value) or key in settings:
            raise InvpriorError(f"{text!r}: {part!r} is no setting, or comes twice; write KEY=VALUE once")
        else:
            settings[key] = value
    return Call(text, name.strip(), tuple(values), settings)


def literal(text: str) -> Value:
    """A number, a fraction such as ``3/2``, ``true``, ``false``, or the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float, Fraction):
        try:
            return kind(text)
        except (ValueError, ZeroDivisionError):
            continue
    return text


def offered(signature: inspect.Signature) -> dict[str, str]:
    """The parameters that words and numbers can set, by their annotations: neither tensors nor sequences."""
    found = {p.name: str(p.annotation) for p in signature.parameters.values()}
    return {name: annotation for name, annotation in found.items() if _kinds(annotation)}


def _kinds(annotation: str) -> set[str]:
    kinds = {kind.strip() for kind in annotation.split("|")} - {"None"}
    return {kind for kind in kinds if kind.startswith("Literal[") or not re.search(r"[\[.]|Tensor", kind)}


def convert(call: Call, key: str, text: str, annotation: str) -> Value:
    """A setting as the parameter's annotation takes it.

    Raises
    ------
    InvpriorError
        If the parameter takes a number or a truth value, and the text is none.
    """
    value, kinds = literal(text), _kinds(annotation)
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


def positive(call: Call, text: str, what: str) -> float:
    """A number of 0 or more that a call was given."""
    value = literal(text)
    if isinstance(value, bool | str) or not 0 <= value < float("inf"):
        raise InvpriorError(f"{call.text!r}: {what} must be a number of 0 or more, got {text!r}")
    return float(value)
