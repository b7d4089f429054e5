"""The reference lists what is exported, and every operator, prior, noise model and solver says what it must."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from invprior import noise, operators, priors, solvers, stop
from invprior.cli.main import app

FAMILIES = {"operators": operators, "priors": priors, "noise": noise, "solvers": solvers, "stop": stop}
PICTURED = ("operators", "priors", "noise", "solvers")
MEMBERS = [
    (family, name)
    for family, module in FAMILIES.items()
    for name in module.__all__
    if inspect.isclass(kind := getattr(module, name)) and not inspect.isabstract(kind)
    if family != "stop" or issubclass(kind, stop.StopRule)
]
# What no paper is the source of.
OWN = {"Box", "NoPrior", "Restarts", "Solver", "Tiled"}


def sections(kind: Any) -> dict[str, str]:
    """A docstring by its underlined headings; what stands above the first has the name ''."""
    parts = re.split(r"^(\w+)\n-{3,}\n", f"{inspect.cleandoc(kind.__doc__ or '')}\n", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def year(text: str) -> bool:
    return re.search(r"\b(19|20)\d\d\b", text) is not None


@pytest.mark.parametrize(("family", "name"), MEMBERS, ids=lambda v: v)
def test_docstring_has_formula_and_cost(family: str, name: str) -> None:
    parts = sections(getattr(FAMILIES[family], name))
    assert re.search("[=←≤]", parts[""]) or family == "stop", "no formula above the sections"
    assert parts.get("Cost", "").strip(), "no section Cost"


def test_who_is_cited_stands_in_the_references(catalogue: Any) -> None:
    for family in (*catalogue.PICTURED, *catalogue.FAMILIES):
        for name in family.members:
            parts = sections(family.member(name))
            if year(parts[""]) or (family.path in ("priors", "solvers") and name not in OWN):
                start, *entries = re.split(r"^- ", parts.get("References", "none"), flags=re.MULTILINE)
                assert start == "", f"{family.name}.{name} has no list of references"
                assert all(map(year, entries)), f"{family.name}.{name} has a reference without a year"


@pytest.mark.parametrize("name", [n for f, n in MEMBERS if f == "operators"])
def test_linear_operators_say_their_adjoint(name: str) -> None:
    kind = getattr(operators, name)
    said = re.search(r"adjoint|ᴴ", sections(kind)[""]) is not None
    assert said == issubclass(kind, operators.Identity.__mro__[1])


def test_nothing_exported_is_missing(catalogue: Any) -> None:
    pages = catalogue.pages()
    for family in (*catalogue.PICTURED, *catalogue.FAMILIES):
        module = import_module(family.name)
        wanted = {n for n in module.__all__ if inspect.isclass(v := getattr(module, n)) or inspect.isroutine(v)}
        listed = re.findall(rf"auto(?:class|function):: {re.escape(family.name)}\.(\w+)\n", "".join(pages.values()))
        assert wanted - set(family.apart) == set(listed), family.name
        assert f"<{family.path}>" in pages["index"]
    assert {"Noise", "Solver"} <= {n for f in catalogue.PICTURED for n in f.members}


def test_every_command_and_option_is_on_its_page(catalogue: Any) -> None:
    import typer

    page = catalogue.pages()["command-line"]
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert f"invprior {name}\n---" in page
        for parameter in command.params:
            assert (parameter.opts[-1] if parameter.opts[-1].startswith("-") else parameter.metavar) in page


@pytest.mark.parametrize("family", PICTURED)
def test_settings_of_pictures_are_of_what_exists(catalogue: Any, family: str) -> None:
    drawn = sys.modules[f"catalogue.pictures.{family}"]
    assert set(drawn.SHOWN) <= set(FAMILIES[family].__all__)


@pytest.mark.parametrize(
    ("family", "name"), [("operators", "Blur"), ("priors", "TV"), ("noise", "Gaussian"), ("solvers", "PDHG")]
)
def test_what_has_no_settings_has_a_picture_too(
    catalogue: Any, family: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules[f"catalogue.pictures.{family}"].SHOWN, name, raising=False)
    catalogue.PICTURES[family](name, tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 5000


def test_every_value_of_every_preset_is_on_its_page(catalogue: Any) -> None:
    page = catalogue.pages()["presets"]
    values = import_module("catalogue.presets")
    for name, given in tomllib.loads((Path(priors.__file__).parent / "presets.toml").read_text("utf-8")).items():
        part = page.split(f"\n{name}\n---")[1].split("\n---")[0]
        for task, settings in given.items():
            assert f"- {task}\n" in part
            for key, value in ({**settings, **settings["solver"], **settings.get("network", {})}).items():
                if key in ("solver", "network", "stop"):
                    continue
                shown = values.text(tuple(value) if isinstance(value, list) else value)
                assert f"- {shown}\n" in part, (name, task, key)
    assert "- learning rate (``lr``)\n" in page
    assert {"Iterate", "hold_out", "Status"} <= {n for f in catalogue.FAMILIES for n in f.members}


def test_pictures_of_examples_are_described(catalogue: Any) -> None:
    class Image(dict[str, str]):
        tagname = "image"

    class Tree:  # of docutils, which only the site needs
        images = (
            Image(uri="images/thumb/sphx_glr_dip_plus_tv_thumb.png", alt=""),
            Image(uri="sphx_glr_denoise_001.png", alt="clean, TV"),
        )

        def findall(self, wanted: Any) -> list[Image]:
            return [image for image in self.images if wanted(image)]

    import_module("catalogue.hooks").describe(None, Tree())
    assert [image["alt"] for image in Tree.images] == ["A figure of the example “DIP + TV”", "clean, TV"]


def test_links_to_sources_lead_to_pages(catalogue: Any) -> None:
    """Those of README and CONTRIBUTING, which the site includes, as those of its own pages."""
    text = ["[a](docs/gallery/idea.py) [b](gallery/idea.py) [c](docs/video.md) [d](operators/)"]
    import_module("catalogue.hooks").follow(text)
    assert text[0] == (
        "[a](auto_examples/idea.rst) [b](auto_examples/idea.rst) [c](video.md) [d](reference/operators.rst)"
    )


def test_specs_on_the_page_of_the_command_line_are_code(catalogue: Any) -> None:
    with_options = import_module("catalogue.commands").with_options
    says = with_options("tv, tv:0.05 or dip:preset=paper, ``a:b``; --noise (auto: rounding).")
    assert says == "tv, ``tv:0.05`` or ``dip:preset=paper``, ``a:b``; ``--noise`` (auto: rounding)."
