"""``invprior check`` on somebody's module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.main import app

MODULE = """
import torch
from invprior import LinearOperator, operators

class Good(LinearOperator):
    def __init__(self, shape):
        super().__init__(shape, shape)
    def forward(self, x):
        return x.flip(-1)

class Bad(Good):
    def adjoint(self, y):
        return y

instance = operators.Lanczos((1, 8, 8), 2)
number = 3

def make_operator(shape):
    return Good(shape)

def make_one():
    return Bad((1, 2, 5))
"""

MORE = """
from invprior import InvpriorError, Operator, noise, priors, stop

class Bands(Good):
    def __init__(self, shape):
        if shape[0] != 30:
            raise InvpriorError("30 bands")
        super().__init__(shape)
    def adjoint(self, y):
        return y

class Curve(Operator):
    def __init__(self, shape):
        super().__init__(shape, shape)
    def forward(self, x):
        return x * x

prior, rule, net, model = priors.TV(), stop.MaxIterations(3), torch.nn.Conv2d(16, 3, 1), noise.Gaussian(0.1)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "theirs.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["Good", "make_operator", "instance"])
def test_an_honest_operator_passes(here: Path, name: str) -> None:
    result = CliRunner().invoke(app, ["check", f"theirs:{name}", "--examples", "10"])
    assert result.exit_code == 0, result.output
    assert "every law that applies holds" in result.output
    assert "--   diagonal       does not apply: diagonal() is None" in result.output
    assert "ok   adjoint" in result.output


@pytest.mark.parametrize(("name", "smallest"), [("Bad", "Bad((1, 1, 2))"), ("make_one", "Bad((1, 2, 5))")])
def test_a_wrong_one_exits_with_one_and_the_smallest_case(here: Path, name: str, smallest: str) -> None:
    result = CliRunner().invoke(app, ["check", f"theirs:{name}", "--examples", "10"])
    assert result.exit_code == 1
    assert "FAIL adjoint" in result.output
    assert f"smallest failing case: {smallest}" in result.output
    assert "laws are broken" in result.output


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("theirs", "give the operator as package.module:name"),
        ("nowhere.at_all:x", "cannot import nowhere.at_all: .*; run this from the folder that holds it"),
        ("theirs:nothing", "module theirs has no 'nothing'"),
        ("theirs:number", "there is nothing to check in 3"),
    ],
)
def test_a_wrong_name_is_one_sentence(here: Path, spec: str, message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        CliRunner().invoke(app, ["check", spec], catch_exceptions=False)


def test_shapes_laws_and_kinds_are_taken(here: Path) -> None:
    (here / "theirs.py").write_text(MODULE + MORE)
    given = ["--shape", "30x4x4", "--law", "adjoint", "--examples", "3"]
    result = CliRunner().invoke(app, ["check", "theirs:Bands", *given])
    assert result.exit_code == 1
    assert "A = Bands.example((30, 4, 4), Random(0))" in result.output
    with pytest.raises(InvpriorError, match=r"30 bands.*shapes=\[\(30, 8, 8\)\]; here that is --shape 30x8x8"):
        CliRunner().invoke(app, ["check", "theirs:Bands", "--examples", "3"], catch_exceptions=False)
    with pytest.raises(InvpriorError, match="--shape takes sizes joined by x"):
        CliRunner().invoke(app, ["check", "theirs:Bands", "--shape", "3x"], catch_exceptions=False)
    kinds = {"prior": "prior", "rule": "stop rule", "net": "network", "Curve": "nonlinear operator", "model": "noise"}
    for name, kind in kinds.items():
        result = CliRunner().invoke(app, ["check", f"theirs:{name}", "--examples", "2"])
        assert result.exit_code == 0, result.output
        assert f"theirs:{name}: the laws of a {kind}" in result.output


def test_the_current_folder_is_searched_from_the_shell(here: Path) -> None:
    code = "from invprior.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "check", "theirs:Good", "--examples", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
