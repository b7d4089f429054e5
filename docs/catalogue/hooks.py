"""What is changed on the way from docstrings and pages to the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from catalogue import write
from catalogue.pages import escaped

# Links that lead to sources where a repository shows the pages lead to what is made of those sources here.
MADE = {
    r"\]\(gallery/(\w+)\.py\)": r"](auto_examples/\1.rst)",
    r"\]\(gallery/?\)": "](auto_examples/index.rst)",
    r"\]\((?:\.\./)?(operators|priors)/?\)": r"](reference/\1.rst)",
    r"\]\((?:\.\./)?README\.md\)": "](start.md)",
    r"\]\((?:\.\./)?CHANGELOG\.md\)": "](changelog.md)",
    r"\]\(LICENSE\)": "](../LICENSE)",
    r"\]\(docs/": "](",
}


def follow(text: list[str]) -> None:
    for there, here in MADE.items():
        text[0] = re.sub(there, here, text[0])


def before_napoleon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A | is a modulus; and the first line of a property, which napoleon reads as type and description, is neither."""
    lines[:] = escaped("\n".join(lines)).split("\n")
    if what == "property":
        lines.insert(0, "")


def after_napoleon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Two attributes with one description would be read as a type and a name."""
    lines[:] = [re.sub(r"^(:ivar \w+), (\w+:)", r"\1,\2", line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    app.connect("source-read", lambda app, docname, source: follow(source))
    app.connect("include-read", lambda app, path, parent, content: follow(content))
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    return {"parallel_read_safe": True}
