"""The package is one: every file one module, nothing but ``invprior`` at the top, light to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import invprior
from tests import layout

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


def test_every_module_is_there_without_another_being_touched() -> None:
    assert python("import invprior; print(invprior.functionals.L1().proximable)") == "True"


@pytest.mark.parametrize("name", invprior.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(invprior, name) is not None
    assert name in dir(invprior)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = invprior.nothing


MODULES = layout.files()
IMPORTS = layout.imports(MODULES)


def test_every_room_stands_on_one_layer() -> None:
    stated = [name for names in layout.declared() for name in names]
    assert sorted(stated) == sorted(layout.rooms(IMPORTS))
    assert len(MODULES) > 150


def test_no_import_runs_upwards() -> None:
    assert layout.upward(IMPORTS, layout.declared()) == []


def test_no_circle_of_files_or_rooms() -> None:
    inside = {name: targets for name, targets in IMPORTS.items() if name != "invprior"}
    assert layout.circles(inside) == []
    assert layout.circles(layout.rooms(IMPORTS)) == []
    assert [name for name, targets in inside.items() if "invprior" in targets] == []  # nor through the face


def test_no_option_is_named_below_the_command_line() -> None:
    assert layout.options_named(MODULES) == []


PLANTED = {
    "upwards": ("solvers/base.py", "from invprior.study.plan import Study"),
    "for types": ("prior.py", "if TYPE_CHECKING:\n    from invprior.solvers.base import Solver"),
    "in a function": ("shapes.py", "def f() -> None:\n    from invprior import operators"),
    "through the face": ("problem.py", "import invprior as ip"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_import_is_found(kind: str, tmp_path: Path) -> None:
    place, line = PLANTED[kind]
    (tmp_path / "invprior").mkdir()
    planted = tmp_path / "invprior" / place.replace("/", "_")
    planted.write_text((ROOT / "invprior" / place).read_text() + "\n\n" + line + "\n")
    name = "invprior." + place.removesuffix(".py").replace("/", ".")
    graph = layout.imports({**MODULES, name: planted})
    upward = layout.upward(graph, layout.declared())
    through_the_face = "invprior" in graph[name]
    assert [source for source, _ in upward] == [name] or through_the_face
    assert layout.circles(graph) != []


def test_a_planted_option_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "device.py"
    for text in ('raise ValueError("--device takes auto")', 'f"{name}: take --device {other}"'):
        planted.write_text(text + "\n")
        assert layout.options_named({"invprior.runs.device": planted}) == ["invprior.runs.device:1"]
    planted.write_text('f"{picture}--seed{seed}"\n')
    assert layout.options_named({"invprior.runs.device": planted}) == []


def test_a_room_without_a_layer_is_above_all() -> None:
    assert layout.upward({"invprior.stop": {"invprior.cellar"}}, [["stop"]]) == [("invprior.stop", "invprior.cellar")]
