"""Pieces of TeX, and how they are joined."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Item:
    """A piece of TeX: an atom, sum, sign, relation, function or word; ``apart`` if a space precedes it."""

    tex: str
    kind: str
    apart: bool = False
    inner: str = ""  # the content, if the piece is just a pair of parentheses

    @property
    def joins(self) -> bool:
        """True for signs and relations, at which a fraction ends."""
        return self.kind in ("sign", "relation")


def join(items: list[Item]) -> str:
    """The pieces in a row, spaced as in the text; TeX needs an explicit space beside a word."""
    out, last, said = "", Item("", "sign"), False
    for item in items:
        if item.kind == last.kind == "word":
            out = out.removesuffix("}") + " " + item.tex.removeprefix(r"\text{")
        else:
            told = "word" in (item.kind, last.kind) and not (item.joins or last.joins or last.kind == "function")
            told = told or (said and last.tex == ",")
            needed = re.search(r"\\[A-Za-z]+$", out) is not None and item.tex[0].isalpha()
            out += (r"\ " if told else " ") + item.tex if out and (item.apart or needed) else item.tex
        said, last = last.kind == "word", item
    return out


def fractions(items: list[Item]) -> list[Item]:
    """Turns each slash into a fraction of the pieces that adjoin it on the left and on the right."""
    out: list[Item] = []
    rest = list(items)
    while rest:
        item = rest.pop(0)
        if item.tex != "/" or not out or out[-1].joins or not rest:
            out.append(item)
            continue
        above, below = [out.pop()], [replace(rest.pop(0), apart=False)]
        while out and not above[0].apart and not out[-1].joins:
            above.insert(0, out.pop())
        while rest and not rest[0].apart and not rest[0].joins:
            below.append(rest.pop(0))
        apart = above[0].apart
        parts = [side[0].inner if len(side) == 1 and side[0].inner else join(side) for side in (above, below)]
        out.append(Item(rf"\frac{{{parts[0]}}}{{{parts[1]}}}", "atom", apart))
    return out
