"""A prior is one file and one line: every command, film, study and table then knows a new one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import invprior as ip
from invprior import InvpriorError, Prior, priors
from invprior.cli.main import app
from invprior.functional import Term
from invprior.functionals import L1
from invprior.io.video import read_clip
from invprior.operators import FiniteDifference
from invprior.purpose import Film, Memory, Purpose
from invprior.runs.memory import LIBRARIES, predicted
from invprior.shapes import Shape
from invprior.specs import parse_prior
from tests.films import make_film, moving
from tests.helpers import photograph
from tests.study.helpers import Here


@dataclass(frozen=True)
class Streak(Prior):
    """R(x) = s Σ |x[i, j + 1] − x[i, j]|, along the rows alone."""

    strength: float = 1.0

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (self.strength * Term(L1(), FiniteDifference(shape, (-1,))),)

    @property
    def memory(self) -> Memory:
        return Memory(0.4)


@pytest.fixture(autouse=True)
def one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priors, "Streak", Streak, raising=False)
    monkeypatch.setattr(priors, "__all__", [*priors.__all__, "Streak"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pixels = np.rint(photograph(size=24, top=100, left=170).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels // 2).save(tmp_path / "dim.png")
    Image.fromarray(np.pad(np.full((4, 4), 255, np.uint8), 10)).save(tmp_path / "hole.png")
    Image.fromarray(np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.uint8) * 50).save(tmp_path / "psf.png")
    make_film(tmp_path / "film.mkv", moving(3, 16, 24))
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = {
    "denoise": ["a.png", "-o", "out.png"],
    "upscale": ["a.png", "-o", "out.png", "--factor", "2"],
    "inpaint": ["a.png", "-o", "out.png", "--mask", "hole.png"],
    "deblur": ["a.png", "-o", "out.png", "--psf", "psf.png"],
    "flash": ["dim.png", "a.png", "-o", "out.png", "--mode", "pair"],
    "video": ["film.mkv", "-o", "out.mkv"],
}


@pytest.mark.parametrize("prior", ["streak", "streak:0.05", "streak:0.05,strength=2+box"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_knows_it(folder: Path, command: str, prior: str) -> None:
    weight = [] if ":" in prior else ["--weight", "0.05"]
    words = [command, *COMMANDS[command], "--prior", prior, "--iterations", "3", "--sigma", "0.1", *weight]
    done = CliRunner().invoke(app, [*words, "--record", "run.json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "run.json").read_text())
    assert (record["prior"], record["weight"]) == (prior, 0.05)
    if command == "video":
        assert len(read_clip(folder / "out.mkv")) == 3


def test_a_study_knows_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Here().install(monkeypatch)
    found = ip.compare([folder / "a.png"], output=folder / "study", priors=["none", "streak:0.05"], seeds=1)
    assert not found.failures
    assert {cell.prior: record["weight"] for cell, record in found.records.items()} == {
        "none": None,
        "streak:0.05": 0.05,
    }


def test_it_is_in_what_is_offered_and_its_memory_is_known() -> None:
    with pytest.raises(InvpriorError, match=r"choose among box, dip, nlm, none, nonlocal, streak, tgv"):
        parse_prior("nothing").made(Purpose())
    made = parse_prior("streak:strength=3").made(Purpose())
    assert made == Streak(3.0)
    assert parse_prior("streak").made(Purpose(film=Film())) == Streak()
    assert predicted(made, (3, 4000, 5000)) - LIBRARIES == pytest.approx(0.4 * 20)
    with pytest.raises(InvpriorError, match="prior 'streak' takes no guide; take box, dip, none, tv"):
        parse_prior("streak").made(Purpose(guide=torch.zeros(1, 8, 8)))
