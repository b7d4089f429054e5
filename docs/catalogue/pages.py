"""The pages as reStructuredText."""

from __future__ import annotations

import inspect

from catalogue.families import FAMILIES, PICTURED, Family
from catalogue.sentences import sentence


def heading(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def toctree(*entries: str) -> str:
    return "\n".join([".. toctree::", "   :hidden:", "", *(f"   {e}" for e in entries)]) + "\n\n"


def escaped(text: str) -> str:
    """Plain text with | escaped outside of literals, so that a modulus starts no substitution."""
    return "``".join(p if i % 2 else p.replace("|", r"\|") for i, p in enumerate(text.split("``")))


def summary(member: object) -> str:
    """The first paragraph of a docstring in one line."""
    doc = inspect.getdoc(member) or ""
    return escaped(sentence(" ".join(doc.split("\n\n")[0].split())))


def index() -> str:
    rows = "".join(
        f"   * - :doc:`{f.title} <{f.path}>`\n     - {', '.join(f':py:obj:`~{f.name}.{n}`' for n in f.members)}\n"
        for f in (*PICTURED, *FAMILIES)
    )
    return (
        heading("Reference")
        + "Generated from the code: every exported name, with its formula, its cost and its source.\n\n"
        + ".. list-table::\n   :widths: 22 78\n\n"
        + rows
        + "   * - :doc:`Presets <presets>`\n     - every value: learning rates, iterations, networks\n"
        + "   * - :doc:`Command line <command-line>`\n     - every command and option\n\n"
        + toctree(*(f.path for f in (*PICTURED, *FAMILIES)), "presets", "command-line")
    )


def above(family: Family) -> str:
    """The title and the module's docstring."""
    return heading(family.title) + f".. automodule:: {family.name}\n   :no-members:\n\n"


def pictured_page(family: Family) -> str:
    """A table of all members, each with its picture and the first paragraph of its docstring."""
    rows = "".join(
        f"   * - {thumbnail(family, name)}\n     - :doc:`{name} <{family.path}/{name}>`\n\n"
        f"       {summary(family.member(name))}\n"
        for name in family.members
    )
    table = ".. list-table::\n   :widths: 45 55\n   :class: pictured\n\n" + rows + "\n"
    pages = toctree(*(f"{family.path}/{name}" for name in family.members))
    return above(family) + f"{escaped(sentence(family.shows))}\n\n" + table + pages


def thumbnail(family: Family, name: str) -> str:
    page = f"{family.path}/{name}"
    picture = f".. image:: {page}.png\n          :target: {page}.html\n          :alt: {name}. {family.shows}\n"
    return picture if family.concrete(name) else ""


def member_page(family: Family, name: str) -> str:
    picture = f".. image:: {name}.png\n   :alt: {name}. {family.shows}\n\n" if family.concrete(name) else ""
    examples = f".. minigallery:: {family.name}.{name}\n   :add-heading: Examples\n   :heading-level: -\n\n"
    return heading(name) + picture + documented(family, name) + examples


def family_page(family: Family) -> str:
    return above(family) + "".join(documented(family, name) for name in family.members)


def documented(family: Family, name: str) -> str:
    """The entry of one class with its own methods, or of one function."""
    member = family.member(name)
    if not inspect.isclass(member):
        return f".. autofunction:: {family.name}.{name}\n\n"
    bases = "" if member.__bases__ == (object,) else "   :show-inheritance:\n"
    return f".. autoclass:: {family.name}.{name}\n   :members:\n{bases}\n"
