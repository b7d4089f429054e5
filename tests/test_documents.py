"""The Python blocks of README and docs run as written, and the tables of the docs are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invprior import operators
from invprior.testing import functional_laws, noise_laws, operator_laws, solver_laws
from tests.testing.mutants import MUTANTS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.name)
def test_python_blocks_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    for block in blocks(page):
        exec(compile(block, str(page), "exec"), namespace)
    assert "converged" in (out := capsys.readouterr().out) or "limit of" in out


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


@pytest.mark.parametrize("module", [operator_laws, functional_laws, noise_laws, solver_laws])
def test_the_page_of_laws_is_complete(module: object) -> None:
    page = (ROOT / "docs" / "laws.md").read_text(encoding="utf-8")
    laws = module.LAWS  # type: ignore[attr-defined]
    assert [
        law.name for law in laws if f"| {law.name}" not in page or law.says.replace("|", "&#124;") not in page
    ] == []


@pytest.mark.parametrize("name", operators.__all__)
def test_the_page_of_operators_is_complete(name: str) -> None:
    assert f"`{name}(" in (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")


def test_every_planted_bug_is_in_the_table_and_caught() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
    assert [kind.__name__ for kind in MUTANTS if f"| {kind.__name__} |" not in page] == []
    assert "**nothing**" not in page
