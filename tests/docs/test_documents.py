"""What README and docs say to type works, and the tables of the docs are those of the code."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from invprior.cli.main import app
from invprior.testing.kinds import KINDS, Kind
from tests.testing.table import PLANTED

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text(page), re.DOTALL)


def typed(page: Path) -> list[str]:
    """Every ``invprior …`` of the shell blocks."""
    shell = "\n".join(re.sub(r"\s#.*", "", block) for block in blocks(page, "sh"))
    return re.findall(r"^invprior (.*\S)", re.sub(r"\s&&\s", "\n", shell), re.MULTILINE)


def named(page: Path) -> list[str]:
    """Every ``invprior …`` in the prose."""
    return re.findall(r"`invprior ([a-z][^`\n]*)`", text(page))


# docs/foreign.md needs libraries that may be missing; tests/interop/test_foreign.py runs its blocks.
RUN = [p for p in PAGES if blocks(p, "python") and p.name != "foreign.md"]


@pytest.mark.parametrize("page", RUN, ids=lambda p: p.name)
def test_python_blocks_run(
    page: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what a page saves lands there
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), namespace)
    assert capsys.readouterr().out


@pytest.mark.parametrize("line", sorted({line for p in PAGES for line in typed(p)}))
def test_commands_of_shell_blocks_are_understood(line: str) -> None:
    name, *given = shlex.split(line)
    COMMANDS[name].make_context(name, given)


@pytest.mark.parametrize("line", sorted({line for p in PAGES for line in named(p)}))
def test_options_named_in_the_prose_exist(line: str) -> None:
    name, *given = shlex.split(line)
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert [g for g in given if g.startswith("-") and g not in options] == []


def test_the_shell_blocks_show_every_command() -> None:
    assert {line.split()[0] for p in PAGES for line in typed(p)} == set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_modules_to_run_and_extras_to_install_exist(page: Path) -> None:
    modules = re.findall(r"python -m ([\w.]+)", text(page))
    assert [m for m in modules if m.startswith("tests.") and find_spec(m) is None] == []
    extras = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    asked = re.findall(r"pip install [^\n`]*(?:invprior|\.)\[(\w+)\]", text(page))
    assert [e for e in asked if e not in extras] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text(page))
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {
        re.sub(r".*<(.*)>", r"\1", line)
        for p in PAGES
        for tree in re.findall(r"```{toctree}\n(.*?)```", text(p), re.DOTALL)
        for line in tree.split()
    }
    assert {p.stem for p in PAGES if p.parent.name == "docs"} - listed == {"index"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_page_of_laws_is_complete(kind: Kind) -> None:
    page = text(ROOT / "docs" / "laws.md")
    laws = kind.laws
    assert [
        law.name for law in laws if f"| {law.name}" not in page or law.says.replace("|", "&#124;") not in page
    ] == []


def test_every_planted_bug_is_in_the_table_and_caught() -> None:
    page = text(ROOT / "docs" / "mutants.md")
    assert [kind.__name__ for kind in PLANTED if f"| {kind.__name__} |" not in page] == []
    assert "**nothing**" not in page


def test_every_benchmark_is_on_the_page_of_numbers() -> None:
    page = text(ROOT / "docs" / "numbers.md")
    files = sorted((ROOT / "tests" / "benchmarks").glob("*.py"))
    commands = [f"tests.benchmarks.{p.stem}" for p in files if "def main()" in text(p)]
    assert len(commands) > 10
    assert [c for c in commands if not re.search(rf"{re.escape(c)}\b", page)] == []
