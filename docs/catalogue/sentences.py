"""Finds the formulas in a sentence."""

from __future__ import annotations

import re

from catalogue.formula import tex
from catalogue.notation import (
    ACCENTS,
    BARS,
    CLOSING,
    FUNCTIONS,
    LOWERED,
    NAMED,
    OPENING,
    PRODUCT,
    RAISED,
    RELATIONS,
    SIGNS,
    SYMBOLS,
    decomposed,
)

PROSE = {
    "An",
    "As",
    "At",
    "Be",
    "By",
    "Do",
    "He",
    "If",
    "In",
    "Is",
    "It",
    "No",
    "Of",
    "On",
    "Or",
    "So",
    "To",
    "Up",
    "We",
}
SCRIPTS = "".join([*RAISED, *LOWERED])
GREEK = "Α-Ωα-ω"
NOTATION = [*BARS, *CLOSING, *OPENING, *RELATIONS, *SIGNS, *SYMBOLS, *ACCENTS, *"_^√"]
KNOWN = re.compile(rf"[A-Za-z0-9\s{GREEK}{SCRIPTS}{re.escape(''.join({*NOTATION} - {*'-!'}))}]+")
# Letters and numbers are a formula if they hold a sign that prose does not use, an index, or a sum or product.
PECULIAR = "".join([*RELATIONS, *SYMBOLS, *ACCENTS, *"⟨⌊‖√∗⊙"])
TELLING = re.compile(rf"[{GREEK}{SCRIPTS}{PECULIAR}]|[A-Za-z]_[a-z{{]|[\w)\]] ?[+−·] ?[\w(]|\blog ")
JOINING = re.compile(rf"[−+·/…⊙×{''.join(RELATIONS)}]$")  # the next word belongs to the formula
UNFINISHED = re.compile(rf"^[+·/⊙×{''.join(RELATIONS)}]|{JOINING.pattern}|\b(?:{'|'.join(FUNCTIONS)})$")
SNAKE = re.compile(r"(?<![A-Za-z_])(?!argmin|prox|min|max|sup)[a-z]{2,}_[a-z]")  # a name in a program
VERBATIM = re.compile(r"(``.+?``|:[\w:]+:`[^`]+`|`[^`]+`_)", re.DOTALL)  # code, links and roles


def sentence(text: str) -> str:
    """Plain text with each of its formulas as a role."""
    return "".join(part if i % 2 else marked(part) for i, part in enumerate(VERBATIM.split(text)))


def marked(text: str) -> str:
    out, run = "", ""
    for chunk in chunks(text):
        bare = chunk.rstrip(".,:;")
        body = bare.strip()
        goes_on = JOINING.search(run.rstrip()) is not None and KNOWN.fullmatch(body) is not None
        if is_formula(body) or goes_on:
            run += bare
            if bare != chunk:
                out, run = out + role(run) + chunk[len(bare) :], ""
            continue
        inner = re.fullmatch(r"(\s*)\((.+)\)", bare, re.DOTALL)
        out += role(run) + (f"{inner[1]}({marked(inner[2])}){chunk[len(bare) :]}" if inner else chunk)
        run = ""
    return out + role(run)


def role(run: str) -> str:
    """A run of notation as a formula, if it is complete and more than a number or a letter."""
    if not TELLING.search(decomposed(run)) or UNFINISHED.search(run.strip()):
        return run
    space = run[: len(run) - len(run.lstrip())]
    return f"{space}:math:`{tex(' '.join(run.split()))}`"


def chunks(text: str) -> list[str]:
    """The text split at spaces outside of brackets; each piece keeps the space before it."""
    out, depth = [""], 0
    for c in text:
        depth = max(0, depth + (c in OPENING) - (c in CLOSING))
        if c.isspace() and not depth and out[-1].strip():
            out.append("")
        out[-1] += c
    return out


def is_formula(chunk: str) -> bool:
    """True for pure notation: every word in it is a function, an index, a factor, or in brackets after a letter."""
    chunk = decomposed(chunk)
    if not KNOWN.fullmatch(chunk) or SNAKE.search(chunk):
        return False
    outside, depth = "", 0  # the text outside of brackets that adjoin something on their left
    for before, c in zip(" " + chunk, chunk, strict=False):
        depth += c in OPENING and (depth > 0 or c in "⌊⟨" or before not in " ([{−+·")
        outside += c if not depth else "("
        depth -= c in CLOSING and depth > 0
    free = [
        m[0]
        for m in re.finditer(r"(?<![A-Za-z_·])[A-Za-z]{2,}(?![A-Za-z(·²³])", outside)
        if m[0] not in FUNCTIONS | NAMED and (m[0] in PROSE or not PRODUCT.fullmatch(m[0]))
    ]
    return not free
