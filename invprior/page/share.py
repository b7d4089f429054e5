"""A page to share: a picture before and after, and the viewer, in one file that needs nothing else."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from invprior.page.layers import displayed

QUALITY = 92


def before_and_after(before: Path, after: Path, command: Sequence[str]) -> str:
    """The page as HTML; the pictures are JPEGs inside it."""
    static = files("invprior.page").joinpath("static")

    def text(name: str) -> Markup:
        return Markup(static.joinpath(name).read_text(encoding="utf-8"))

    template = Environment(autoescape=True).from_string(static.joinpath("share.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=after.stem,
        before=_embedded(before),
        after=_embedded(after),
        command=shlex.join(Path(word).name if Path(word).is_absolute() else word for word in command),
        css=text("viewer.css"),
        viewer=text("viewer.js").replace("export ", Markup("")),
    )


def _embedded(path: Path) -> str:
    data: bytes = displayed(path).jpegsave_buffer(Q=QUALITY, keep="none")
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
