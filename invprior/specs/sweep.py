"""Sweeps: a setting with several values stands for one spec each, ``dip:lr=0.02,0.04``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from invprior.errors import InvpriorError

# Plus signs between terms, those of numbers such as 1e+3 left out.
PLUS = r"(?<![\d.][eE])\+"
# More columns than this are a mistake rather than a table.
MOST = 200


@dataclass(frozen=True)
class Setting:
    """One setting with a value in a spec, and the spec with a mark in the value's place."""

    name: str
    value: str
    others: str


def expanded(text: str) -> list[str]:
    """The specs that a spec with sweeps stands for, the last setting changing fastest; itself without one.

    A part without an equals sign that follows a setting is one more value of it. A blend is one spec.

    Raises
    ------
    InvpriorError
        If that makes more than 200.
    """
    if "(" in text:  # the members of a blend have no sweeps: what follows a comma there is the next member
        return [text]
    terms = [_choices(term) for term in re.split(PLUS, text)]
    count = 1
    for choices in terms:
        for parts in choices:
            count *= len(parts)
    if count == 1:
        return [text]
    if count > MOST:
        raise InvpriorError(f"{text!r} stands for {count} priors; a sweep has at most {MOST}")
    names = [re.split(PLUS, text)[k].partition(":")[0].strip() for k in range(len(terms))]
    sides = [[_joined(name, parts) for parts in product(*choices)] for name, choices in zip(names, terms, strict=True)]
    return ["+".join(side) for side in product(*sides)]


def settings(text: str) -> list[Setting]:
    """The settings of a spec, each with what the spec is without its value."""
    found = []
    for match in re.finditer(r"(?<=[:,])\s*(\w+)\s*=\s*((?:[^,+]|(?<=[\d.][eE])\+)*)", text):
        others = text[: match.start(2)] + "…" + text[match.end(2) :]
        found.append(Setting(match[1], match[2].strip(), others))
    return found


def _choices(term: str) -> list[list[str]]:
    """For every part of a term after its name, what it may be."""
    _, colon, rest = term.partition(":")
    choices: list[list[str]] = []
    for part in rest.split(",") if colon else []:
        key, equals, _ = part.partition("=")
        if not equals and choices and "=" in choices[-1][0] and part.strip():
            key = choices[-1][0].partition("=")[0]
            choices[-1].append(f"{key.strip()}={part.strip()}")
        else:
            choices.append([part.strip()])
    return choices


def _joined(name: str, parts: tuple[str, ...]) -> str:
    return f"{name}:{','.join(parts)}" if parts else name
