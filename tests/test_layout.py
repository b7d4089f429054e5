"""The package is one: every file one module, nothing but ``invprior`` at the top, light to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import invprior

ROOT = Path(__file__).parent.parent
FOLDERS = [ROOT / name for name in ("invprior", "operators", "priors")]


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_each_file_is_one_module_and_nothing_else_is_importable() -> None:
    code = """
import importlib, pkgutil, sys, invprior
for m in pkgutil.walk_packages(invprior.__path__, "invprior."): importlib.import_module(m.name)
files = [m.__file__ for n, m in sys.modules.items() if n.startswith("invprior") and getattr(m, "__file__", None)]
import os
real = [os.path.realpath(f) for f in files]
print(len(real) == len(set(real)), "operators" in sys.modules, "priors" in sys.modules)
"""
    assert python(code) == "True False False"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_every_folder_with_code_is_a_package(folder: Path) -> None:
    folders = {p.parent for p in folder.rglob("*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []


def test_import_pulls_no_heavy_package() -> None:
    code = """
import sys, invprior as ip
ip.solve, ip.operators.Mask, ip.priors.DIP
print([m for m in ("deepinv", "matplotlib", "torchvision", "skimage", "pytest", "hypothesis") if m in sys.modules])
"""
    assert python(code) == "[]"


def test_help_needs_no_torch() -> None:
    assert (
        python("import sys, invprior.cli.main; print('torch' in sys.modules, 'numpy' in sys.modules)") == "False False"
    )


def test_functions_stay_functions_whatever_is_imported_first() -> None:
    imported = "import invprior.weight, invprior.cli.restore, invprior.cli.compare, invprior as ip"
    assert python(f"{imported}; print(callable(ip.solve), callable(ip.compare))") == "True True"


@pytest.mark.parametrize("name", invprior.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(invprior, name) is not None
    assert name in dir(invprior)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = invprior.nothing


def test_core_imports_neither_operators_nor_priors() -> None:
    core = [p for p in (ROOT / "invprior").glob("*.py") if p.name != "__init__.py"]
    core += [
        p
        for name in ("functionals", "noise", "solvers", "weight", "io")
        for p in (ROOT / "invprior" / name).glob("*.py")
    ]
    guilty = [p.name for p in core if "invprior.operators" in p.read_text() or "invprior.priors" in p.read_text()]
    assert guilty == []


@pytest.mark.parametrize("folder", ["specs", "runs", "study", "testing", "interop"])
def test_nothing_below_the_command_line_imports_it(folder: str) -> None:
    files = (ROOT / "invprior" / folder).rglob("*.py")
    assert [p.name for p in files if "invprior.cli" in p.read_text()] == []
