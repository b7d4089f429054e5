"""Sphinx hooks that change docstrings and pages on their way to the site."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from catalogue import write
from catalogue.found import fenced, indexed, with_displays, with_math
from catalogue.pages import escaped

# In the repository these links lead to source files; on the site they lead to the pages made from them.
MADE = {
    r"\]\(docs/": "](",  # links of README and CONTRIBUTING become like those of the pages
    r"\]\(gallery/(\w+)\.py\)": r"](auto_examples/\1.rst)",
    r"\]\(gallery/?\)": "](auto_examples/index.rst)",
    r"\]\((?:\.\./)?(operators|priors)/?\)": r"](reference/\1.rst)",
    r"\]\((?:\.\./)?priors/presets\.toml\)": "](reference/presets.rst)",
    r"\]\((?:\.\./)?README\.md\)": "](start.md)",
    r"\]\((?:\.\./)?CHANGELOG\.md\)": "](changelog.md)",
    r"\]\((?:\.\./)?CONTRIBUTING\.md\)": "](contributing.md)",
    r"\]\((LICENSE|CITATION\.cff)\)": r"](../\1)",
}


# The gallery, from first steps to extensions; an example that is not listed comes last.
ORDER = (
    "dip_beside_tv.py",
    "idea.py",
    "denoise.py",
    "upscale.py",
    "remove_text.py",
    "flash_pair.py",
    "video.py",
    "tomography.py",
    "mri.py",
    "microscope_16bit.py",
    "camera_profile.py",
    "compare_study.py",
    "when_dip_stops.py",
    "dip_plus_tv.py",
    "own_operator.py",
    "property_test.py",
    "own_noise.py",
    "own_prior.py",
    "blind_deblur.py",
)


class ForReaders:
    """The sort key of an example's file name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[int, str]:
        return ORDER.index(name) if name in ORDER else len(ORDER), name

    def __repr__(self) -> str:
        return "ForReaders"  # without an address, so that Sphinx sees an unchanged setting


def follow(text: list[str]) -> None:
    for there, here in MADE.items():
        text[0] = re.sub(there, here, text[0])


def typeset(file: Path, text: list[str]) -> None:
    """Typesets the formulas of a page or an example; the reference gets its formulas with the docstrings."""
    if file.suffix == ".md":
        text[0] = fenced(text[0])
    elif file.parent.name == "auto_examples":
        text[0] = with_displays(text[0], partial(indexed, role=":math:"))


def read_page(app: Any, docname: str, source: list[str]) -> None:
    follow(source)
    typeset(Path(app.env.doc2path(docname)), source)


def read_included(app: Any, path: Path, parent: str, content: list[str]) -> None:
    follow(content)
    typeset(path, content)


def before_napoleon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Typesets formulas and escapes | and "R."; a property gets a first line, as Sphinx splits that at a colon."""
    text = escaped(with_math("\n".join(lines)))
    lines[:] = [re.sub(r"^(\s*\w)\.(?=\s|$)", r"\1\\.", line) for line in text.split("\n")]
    if what == "property":
        lines[:0] = ["..", ""]


def after_napoleon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escapes the comma of two attributes with one description, which would be read as a type and a name."""
    lines[:] = [re.sub(r"^(:ivar \w+), (\w+:)", r"\1,\2", line) for line in lines]


def describe(app: Any, doctree: Any) -> None:
    """Alternative texts of the gallery's pictures that have none: what the example is called."""
    for image in doctree.findall(lambda node: node.tagname == "image"):
        found = re.search(r"sphx_glr_(\w+?)_(thumb|\d{3})\.", image["uri"])
        if found and image.get("alt", "") in ("", found[1].replace("_", " ")):
            image["alt"] = f"A figure of the example “{title(found[1])}”"


def title(example: str) -> str:
    """The title of a script of the gallery: the first line of its docstring."""
    return (Path(__file__).parents[1] / "gallery" / f"{example}.py").read_text(encoding="utf-8").split("\n")[1]


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True}
