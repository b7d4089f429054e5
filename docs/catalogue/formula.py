"""Translates a formula in plain text, as in docstrings, to TeX."""

from __future__ import annotations

import re
from dataclasses import replace

from catalogue.notation import (
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
    characters,
    symbol,
)
from catalogue.pieces import Item, fractions, join


def tex(formula: str) -> str:
    """The formula as TeX; a new line, or three spaces between two formulas, starts a new row."""
    try:
        rows = [Reader(row).row() for row in re.split(r"\s*\n\s*|\s{3,}", formula.strip())]
    except ValueError as error:
        raise ValueError(f"{error} in {formula!r}") from None
    if len(rows) == 1:
        return join(rows[0])
    relations = [next((i for i, item in enumerate(row) if item.kind == "relation"), None) for row in rows]
    if None in relations:
        return r"\begin{gathered} " + r" \\ ".join(map(join, rows)) + r" \end{gathered}"
    lines = [f"{join(row[:at])} &{join(row[at:])}" for row, at in zip(rows, relations, strict=True)]
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


class Reader:
    """Reads one formula from left to right."""

    def __init__(self, formula: str) -> None:
        self.tokens = characters(formula)

    @property
    def next(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    @property
    def touches(self) -> bool:
        """True if the next token follows without a space."""
        return bool(self.tokens) and not self.tokens[0][0]

    def row(self, until: str = "", script: bool = False) -> list[Item]:
        """Items up to a closing character, which is not consumed."""
        items: list[Item] = []
        while self.tokens and self.next not in until:
            items.append(self.item(script, items[-1] if items else None))
        return items if script else fractions(items)

    def item(self, script: bool = False, before: Item | None = None) -> Item:
        spaces, token = self.tokens.pop(0)
        apart = spaces > 0
        called = len(token) > 1 and token.isupper() and self.touches and self.next == "("  # TV(x)
        if PRODUCT.fullmatch(token) and token not in NAMED and not called:
            self.tokens[:0] = [(0, letter) for letter in token[1:]]
            token = token[0]
        if token == "|" and apart and not self.touches:
            return Item(r"\mid", "relation", apart)
        if token == "," and self.tokens and self.tokens[0][0] > 1:
            return Item(r",\quad", "sign")
        if token in RELATIONS or token in SIGNS:
            return Item((RELATIONS | SIGNS)[token], "relation" if token in RELATIONS else "sign", apart)
        matrix = token == "Σ" and before is not None and before.kind == "atom" and self.touches and not apart
        return self.scripts(replace(Item(r"\Sigma", "atom") if matrix else self.base(token, script), apart=apart))

    def base(self, token: str, script: bool) -> Item:
        if token in OPENING or token in BARS:
            return self.group(token, script)
        if token == "√":
            return Item(rf"\sqrt{{{self.radicand()}}}", "atom")
        if token in FUNCTIONS:
            return Item(f"\\{token}", "function")
        if token in NAMED:
            return Item(rf"\operatorname{'*' * (token == 'argmin')}{{{token}}}", "function")
        if re.fullmatch("[A-Za-z]{2,}", token):
            return Item(rf"\text{{{token}}}", "word")
        if token == "½" and script:
            return Item("1/2", "atom")
        return Item(symbol(token), "sum" if token == "Σ" else "atom")

    def group(self, token: str, script: bool) -> Item:
        closing = token if token in BARS else "".join(CLOSING)
        content = join(self.row(closing, script))
        if not self.tokens:
            raise ValueError(f"{token} is not closed")
        _, end = self.tokens.pop(0)
        left, right = BARS[token] if token in BARS else (OPENING[token], CLOSING[end])
        if r"\frac" in content:
            left, right = rf"\left{left}", rf"\right{right}"
        space = " " if left[-1].isalpha() and content[:1].isalpha() else ""
        return Item(f"{left}{space}{content}{right}", "atom", inner=content if token == "(" else "")

    def radicand(self) -> str:
        """The item under a root; for a sum or a function, its argument too."""
        items = [self.item()]
        if items[0].kind in ("sum", "function") and self.tokens:
            items.append(self.item())
            while self.touches and self.next not in (SIGNS | RELATIONS | CLOSING | BARS):
                items.append(self.item())
        return items[0].inner or join(items) if len(items) == 1 else join(fractions(items))

    def scripts(self, item: Item) -> Item:
        below = above = ""
        while self.touches:
            mark = self.next
            if mark[0] in LOWERED or mark[0] in RAISED:
                raised = mark[0] in RAISED
                script = "".join((RAISED if raised else LOWERED)[c] for c in self.tokens.pop(0)[1])
                below, above = (below, above + script) if raised else (below + script, above)
            elif mark in "_^":
                self.tokens.pop(0)
                script = self.script()
                below, above = (below, above + script) if mark == "^" else (below + script, above)
            elif mark == "*" and item.kind == "atom" and not (self.tokens[1:] and self.tokens[1][1].isalnum()):
                self.tokens.pop(0)
                above += "*"
            else:
                break
        scripts = "".join(f"{m}{s if len(s) == 1 else f'{{{s}}}'}" for m, s in (("_", below), ("^", above)) if s)
        return replace(item, tex=item.tex + scripts, inner="" if scripts else item.inner)

    def script(self) -> str:
        """The script after _ or ^: a group in braces or parentheses, letters of indices, a word, or one symbol."""
        if not self.tokens:
            raise ValueError("no TeX for an empty script")
        _, token = self.tokens.pop(0)
        if token in ("{", "("):
            return self.group("(", script=True).inner
        letters = re.match("[a-z]+|[A-Z]", token)
        if letters is None:
            return self.base(token, script=True).tex
        indices = letters[0][:1] if self.next == "_" and letters[0] == token else letters[0]
        self.tokens[:0] = [(0, token[len(indices) :])] * (indices != token)
        return indices if len(indices) < 3 else rf"\text{{{indices}}}"
