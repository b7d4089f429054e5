"""The reference, generated from what the packages export, so nothing exported can be missing."""

from __future__ import annotations

from pathlib import Path

from catalogue.commands import command_line
from catalogue.families import FAMILIES, PICTURED
from catalogue.pages import family_page, index, member_page, pictured_page
from catalogue.pictures import PICTURES
from catalogue.presets import presets


def pages() -> dict[str, str]:
    """Every page of the reference as reStructuredText, keyed by its path without suffix."""
    out = {"index": index(), "command-line": command_line(), "presets": presets()}
    for family in PICTURED:
        out[family.path] = pictured_page(family)
        out |= {f"{family.path}/{name}": member_page(family, name) for name in family.members}
    return out | {family.path: family_page(family) for family in FAMILIES}


def write(folder: Path) -> None:
    """Write pages and pictures; an unchanged page is not written, so Sphinx need not read it again."""
    for path, text in pages().items():
        file = folder / f"{path}.rst"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for family in PICTURED:
        for name in filter(family.concrete, family.members):
            PICTURES[family.path](name, folder / family.path / f"{name}.png")
