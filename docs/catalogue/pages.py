"""The pages as reStructuredText."""

from __future__ import annotations

import inspect

from catalogue.families import FAMILIES, PICTURED, Family


def heading(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def toctree(*entries: str, hidden: bool = True) -> str:
    lines = [".. toctree::", "   :hidden:" if hidden else "   :maxdepth: 1", "", *(f"   {e}" for e in entries)]
    return "\n".join(lines) + "\n\n"


def escaped(text: str) -> str:
    """Plain text in which a | is a modulus and no substitution, literals left alone."""
    return "``".join(p if i % 2 else p.replace("|", r"\|") for i, p in enumerate(text.split("``")))


def summary(member: object) -> str:
    """The first paragraph of a docstring in one line."""
    doc = inspect.getdoc(member) or ""
    return escaped(" ".join(doc.split("\n\n")[0].split()).rstrip(":"))


def index() -> str:
    families = (*PICTURED, *FAMILIES)
    rows = "".join(
        f"   * - :doc:`{f.title} <{f.path}>`\n     - {', '.join(f':py:obj:`~{f.name}.{n}`' for n in f.members)}\n"
        for f in families
    )
    return (
        heading("Reference")
        + "Written from the code: what a module exports stands here, with its formula, its cost and its source.\n\n"
        + ".. list-table::\n   :widths: 22 78\n\n"
        + rows
        + "   * - :doc:`Command line <command-line>`\n     - every command and option\n\n"
        + toctree(*(f.path for f in families), "command-line")
    )


def prose(family: Family) -> str:
    return f".. automodule:: {family.name}\n   :no-members:\n\n"


def pictured_page(family: Family) -> str:
    """A table of all members, each with its picture and the first line of its docstring."""
    rows = "".join(
        f"   * - {thumbnail(family, name)}\n     - :doc:`{name} <{family.path}/{name}>`\n\n"
        f"       {summary(family.member(name))}\n"
        for name in family.members
    )
    table = ".. list-table::\n   :widths: 45 55\n   :class: pictured\n\n" + rows + "\n"
    return (
        heading(family.title)
        + prose(family)
        + f"{escaped(family.shows)}\n\n"
        + table
        + toctree(*(f"{family.path}/{n}" for n in family.members))
    )


def thumbnail(family: Family, name: str) -> str:
    if not family.concrete(name):
        return ""
    page = f"{family.path}/{name}"
    return f".. image:: {page}.png\n          :target: {page}.html\n          :alt: {name}\n"


def member_page(family: Family, name: str) -> str:
    picture = f".. image:: {name}.png\n   :alt: {name} on a photograph\n\n" if family.concrete(name) else ""
    examples = f".. minigallery:: {family.name}.{name}\n   :add-heading: Examples\n   :heading-level: -\n\n"
    return heading(name) + picture + documented(family, name) + examples


def family_page(family: Family) -> str:
    return heading(family.title) + prose(family) + "".join(documented(family, n) for n in family.members)


def documented(family: Family, name: str) -> str:
    """The entry of one class with its own methods, or of one function."""
    if inspect.isclass(family.member(name)):
        return f".. autoclass:: {family.name}.{name}\n   :members:\n   :show-inheritance:\n\n"
    return f".. autofunction:: {family.name}.{name}\n\n"
