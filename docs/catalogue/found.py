"""Finds the formulas of docstrings and pages: blocks of their own, and parts of sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from catalogue.formula import tex
from catalogue.sentences import sentence

# argmin_v, f_θ(z), w_k: one letter, or argmin, with an index of one letter
INDEXED = re.compile(r"(?<![\w.*])(?:argmin|[A-Za-zΑ-Ωα-ω])_[a-zα-ω](?![\w.])(?:\([a-z]\))?")
SECTION = re.compile(r"^(\w+\n-{3,}\n)", re.MULTILINE)


def with_math(docstring: str) -> str:
    """A docstring with its formulas as directives and roles; names in sections and references are not changed."""
    first, *rest = SECTION.split(docstring)
    out = with_displays(first, lines)
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        name = title.split("\n")[0]
        out += title
        if name == "References":
            out += body
        else:
            out += with_displays(body, lines if name in ("Cost", "Notes") else entries)
    return out


def with_displays(text: str, prose: Callable[[str], str]) -> str:
    """Indented blocks as displays, except after a directive or ``::``; ``prose`` converts the rest."""
    before, out, code = "", "", False
    for i, paragraph in enumerate(re.split(r"(\n(?:[ \t]*\n)+|\n\Z)", text)):
        if i % 2 or not paragraph:
            out += paragraph
            continue
        indented = all(line.startswith("    ") for line in paragraph.split("\n"))
        code = indented and (code or re.search(r"^\.\. |^:\w|::$", before) is not None)
        display = indented and not code and before.split("\n")[-1][:1].strip()
        out += f".. math::\n\n   {tex(paragraph)}" if display else paragraph if code else prose(paragraph)
        before = paragraph
    return out


def indexed(text: str, role: str) -> str:
    """Prose with its letters that bear an index, and what they are applied to, in a role; code is not changed."""
    parts = re.split(r"(``.+?``|`[^`]+`)", text)
    return "".join(
        part if i % 2 else INDEXED.sub(lambda found: f"{role}`{tex(found[0])}`", part) for i, part in enumerate(parts)
    )


def fenced(page: str) -> str:
    """A Markdown page with its indented blocks as displays and its indices typeset; fenced code is not changed."""
    parts = re.split(r"(^```.*?^```$)", page, flags=re.MULTILINE | re.DOTALL)
    block = re.compile(r"(?<=\n\n)(?: {4}\S.*\n)+(?=\n)")
    return "".join(part if i % 2 else _typeset(part, block) for i, part in enumerate(parts))


def _typeset(part: str, block: re.Pattern[str]) -> str:
    pieces = re.split(rf"({block.pattern})", part)
    return "".join(
        f"```{{math}}\n{tex(piece)}\n```\n" if i % 2 else indexed(piece, "{math}") for i, piece in enumerate(pieces)
    )


def entries(paragraph: str) -> str:
    """A section of names, each with an indented description."""
    return lines(paragraph, named=True)


def lines(paragraph: str, named: bool = False) -> str:
    """Converts lines of equal indentation together; with ``named``, lines without indentation are names."""
    groups = groupby(paragraph.split("\n"), key=lambda line: len(line) - len(line.lstrip()))
    texts = ((indent, "\n".join(group)) for indent, group in groups)
    return "\n".join(text if named and not indent else sentence(text) for indent, text in texts)
