"""The pages for newcomers: messages that the code says, names that libraries export."""

from __future__ import annotations

import ast
import re
from functools import cache, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import invprior as ip

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOLE = "\0"  # what differs from case to case


def rows(page: str, header: str) -> list[list[str]]:
    """The cells of the tables of a page whose first line starts with this header."""
    tables = re.findall(
        rf"^\| {re.escape(header)} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", (DOCS / page).read_text(), re.MULTILINE
    )
    return [[cell.strip() for cell in line.split("|")[1:-1]] for table in tables for line in table.splitlines()]


@cache
def said() -> list[str]:
    """All texts of the code, with a hole for each value."""
    sources = [p for folder in ("invprior", "operators", "priors") for p in (ROOT / folder).rglob("*.py")]
    nodes = [node for p in sources for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))]
    joined = [
        "".join(str(v.value) if isinstance(v, ast.Constant) else HOLE for v in n.values)
        for n in nodes
        if isinstance(n, ast.JoinedStr)
    ]
    return joined + [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


MESSAGES = [row[0].strip('"') for row in rows("trouble.md", "message")]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_on_the_page_of_trouble_is_said_by_the_code(message: str) -> None:
    wanted = re.compile(".*?".join(re.escape(part) for part in message.split("…")), re.DOTALL)
    assert any(wanted.search(text) for text in said())


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 20


def resolved(package: object, name: str) -> object:
    """The object of a dotted name; modules that are not loaded yet are imported."""

    def step(parent: object, part: str) -> object:
        return getattr(parent, part) if hasattr(parent, part) else import_module(f"{parent.__name__}.{part}")  # type: ignore[attr-defined]

    return reduce(step, name.split("."), package)


@pytest.mark.filterwarnings("ignore")  # deepinv's own
@pytest.mark.parametrize("library", ["scikit-image", "deepinv"])
def test_names_of_the_tables_of_names_exist(library: str) -> None:
    theirs = pytest.importorskip({"scikit-image": "skimage"}.get(library, library))
    table = rows("coming-from.md", library)
    assert len(table) > 10
    for there, here, _ in table:
        resolved(theirs, there.strip("`"))
        resolved(ip, here.strip("`"))


@pytest.mark.parametrize(
    ("query", "page"), [("install", "install"), ("learning rate", "reference/presets"), ("early stopping", "stopping")]
)
def test_the_search_finds_first(catalogue: Any, query: str, page: str) -> None:
    """A heading that holds the query counts as on the site, and far more a main entry of the index."""
    found: dict[str, float] = {}
    for place, text in pages(catalogue).items():
        headings = re.findall(r"^(.+)\n[=~-]{3,}$|^#+ (.*)", text, re.MULTILINE)
        entries = re.findall(r"(?:\{index\}|\.\. index::) (.*)", text)
        texts = [(a or b, 15) for a, b in headings] + [
            (e, 100) for line in entries for e in re.findall(r"! ([^,]+)", line)
        ]
        hits = [worth * len(query) / len(t) for t, worth in texts if query in t.lower() and 2 * len(query) >= len(t)]
        found[place] = max(hits, default=0.0)
    assert [p for p, worth in found.items() if worth == max(found.values())] == [page]


def pages(catalogue: Any) -> dict[str, str]:
    """The pages of the site but for those of single members."""
    made = {f"reference/{name}": text for name, text in catalogue.pages().items() if "/" not in name}
    return made | {p.stem: p.read_text(encoding="utf-8") for p in DOCS.glob("*.md")}


def test_the_glossary_is_in_order() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*.*\n: ", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30
    assert words == sorted(words, key=str.casefold)
