"""The notation of formulas in docstrings, and its TeX."""

from __future__ import annotations

import re
import unicodedata

FUNCTIONS = {"cos", "exp", "inf", "log", "max", "min", "sin", "sup"}
NAMED = {"Re", "argmin", "prox", "sinc"}  # functions that TeX has no command for
ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ʲᴴᵀ", [*"0123456789+-j", r"\mathsf{H}", r"\mathsf{T}"], strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
OPENING = {"(": "(", "[": "[", "{": r"\{", "⟨": r"\langle", "⌊": r"\lfloor"}
CLOSING = {")": ")", "]": "]", "}": r"\}", "⟩": r"\rangle", "⌋": r"\rfloor"}
BARS = {"‖": (r"\lVert", r"\rVert"), "|": (r"\lvert", r"\rvert")}
SIGNS = {c: c for c in "+-/*!,;."}
SIGNS |= {":": r"\colon", "−": "-", "·": r"\cdot", "∗": r"\ast", "⊙": r"\odot", "×": r"\times"}
RELATIONS = {"=": "=", "<": "<", ">": ">", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "~": r"\sim"}
RELATIONS |= {"∈": r"\in", "∝": r"\propto", "←": r"\leftarrow", "↦": r"\mapsto", "≈": r"\approx"}
SYMBOLS = {"Σ": r"\sum", "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "∓": r"\mp", "…": r"\dots", "½": r"\tfrac12"}
SYMBOLS |= {"ε": r"\varepsilon", "φ": r"\varphi"}  # the glyphs of Unicode
PRODUCT = re.compile(r"[A-Z]{1,2}[a-z]?")  # Ax, UV, SX: letters side by side; another word is a name
TOKEN = re.compile(
    rf"(\s*)(\d+(?:\.\d+)?|[A-Za-z]{{2,}}(?![\u0300-\u036f])|[{''.join(RAISED)}]+|[{''.join(LOWERED)}]+|\S[\u0300-\u036f]*)"
)


def decomposed(text: str) -> str:
    """The text with each accent after its letter."""
    return "".join(unicodedata.normalize("NFD", c) if c.isalpha() else c for c in text)


def characters(formula: str) -> list[tuple[int, str]]:
    """Numbers, words, scripts and accented letters, each with the number of spaces before it."""
    return [(len(space), token) for space, token in TOKEN.findall(decomposed(formula.strip()))]


def symbol(token: str) -> str:
    """The TeX of a number, or of a letter with its accents."""
    if token[0].isdigit():
        return token
    letter, accents = token[0], token[1:]
    name = unicodedata.name(letter, "").split()
    if letter in SYMBOLS:
        found = SYMBOLS[letter]
    elif name[:1] == ["GREEK"] and name[2:3] == ["LETTER"]:
        found = "\\" + {"LAMDA": "LAMBDA"}.get(name[3], name[3]).lower()
        found = found[:2].upper() + found[2:] if name[1] == "CAPITAL" else found
    elif letter.isascii() and letter.isalpha():
        found = letter
    else:
        raise ValueError(f"no TeX for {letter!r}")
    for accent in accents:
        if accent not in ACCENTS:
            raise ValueError(f"no TeX for the accent of {token!r}")
        found = f"{ACCENTS[accent]}{{{found}}}"
    return found
