"""A spec taken apart: ``name:value,key=value``, written like a call in Python."""

from __future__ import annotations

from dataclasses import dataclass
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


def positive(call: Call, text: str, what: str) -> float:
    """A number of 0 or more that a call was given."""
    value = literal(text)
    if isinstance(value, bool | str) or not 0 <= value < float("inf"):
        raise InvpriorError(f"{call.text!r}: {what} must be a number of 0 or more, got {text!r}")
    return float(value)


def whole(call: Call, text: str, what: str) -> int:
    """A whole number of 1 or more that a call was given."""
    value = literal(text)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvpriorError(f"{call.text!r}: {what} must be a whole number of 1 or more, got {text!r}")
    return value
