"""``--weight`` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from invprior import DataTerm, InvpriorError, LinearOperator, Problem, noise, solve, weight
from invprior.cli import excerpt, tasks
from invprior.cli.main import app
from invprior.cli.main import run as run_as_typed
from invprior.io import read
from invprior.metrics import psnr
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import TV
from invprior.stop import MaxIterations
from invprior.window import Window
from tests.helpers import photograph

SIGMA = 0.1


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    y = noise.Gaussian(SIGMA).sample(photograph(size=32, top=20, left=100), torch.Generator().manual_seed(0))
    levels = np.rint(y.clamp(0, 1).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    Image.fromarray(levels).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def denoise(noisy: Path, *options: str) -> dict[str, object]:
    record = noisy.with_name("run.json")
    arguments = ["denoise", str(noisy), "-o", str(noisy.with_name("out.png")), "--prior", "tv", "--record", str(record)]
    CliRunner().invoke(app, [*arguments, "--sigma", str(SIGMA), *options], catch_exceptions=False)
    found: dict[str, object] = json.loads(record.read_text())
    return found


def test_the_rules_and_a_number_are_recorded_on_the_scale_of_the_literature(noisy: Path) -> None:
    y = read(noisy).x
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(SIGMA), prior=TV())
    for name, rule in {"auto": weight.auto, "discrepancy": weight.discrepancy}.items():
        choice, record = rule(problem), denoise(noisy, "--weight", name)
        assert record["weight"] == pytest.approx(choice.weight * SIGMA**2, rel=1e-6)
        assert record["weight_rule"] == choice.rule
    given = denoise(noisy, "--weight", "0.07")
    assert (given["weight"], given["weight_rule"]) == (0.07, "given")
    assert denoise(noisy)["weight_rule"] == "least Monte-Carlo SURE"


def test_beside_dip_it_is_a_tenth(noisy: Path) -> None:
    record = denoise(noisy, "--prior", "dip+tv", "--iterations", "2", "--weight", "discrepancy")
    assert record["weight_rule"] == "a tenth of: discrepancy principle"


@pytest.mark.parametrize("task", ["denoise", "upscale", "deblur", "inpaint"])
def test_a_large_picture_is_weighted_by_tiles_of_it(tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 tiles of 24×24 pixels, of 200×200: the weight is nearly as good as that of the whole."""
    x, psf = photograph(size=200, top=20, left=100), torch.ones(3, 3, dtype=torch.float64) / 9
    known = torch.rand(200, 200, generator=torch.Generator().manual_seed(1)) > 0.4
    asked: tasks.Task
    A: LinearOperator
    match task:
        case "denoise":
            asked, A = tasks.Denoise(), Identity(x.shape)
        case "upscale":
            asked, A = tasks.Upscale(2), Lanczos(x.shape, factor=2)
        case "deblur":
            asked, A = tasks.Deblur(tmp_path), Blur(x.shape, psf)
        case _:
            asked, A = tasks.Inpaint(tmp_path, False), Mask(x.shape, known)
    model = noise.Gaussian(0.05)
    y = model.sample(A(x), torch.Generator().manual_seed(0))
    data = (DataTerm(A.float(), y.float(), model),)
    assert asked.excerpt(data) is data
    monkeypatch.setattr(type(asked), "tile", 24)
    part = asked.excerpt(data)
    assert part[0].y.shape[0] == 16
    assert part[0].operator.in_shape[-2:] == (24, 24)
    scores = []
    for d in (data, part):
        chosen = weight.auto(Problem.from_terms(d, TV())).weight
        scores.append(psnr(solve(Problem.from_terms(data, chosen * TV()), stop=MaxIterations(150)).x, x))
    assert scores[1] > scores[0] - 0.15


def test_a_tile_of_which_nothing_is_known_tells_nothing() -> None:
    known = torch.ones(96, 96, dtype=torch.bool)
    known[:, 40:] = False
    A = Mask((1, 96, 96), known)
    data = (DataTerm(A, A(torch.rand(1, 96, 96)), noise.Gaussian(0.05)),)
    found = excerpt.in_tiles(data, excerpt.windows(A.in_shape, 8, 1))
    assert found is not None
    assert found[0].y.shape == (8, 1, 8, 8)
    assert excerpt.in_tiles(data, [Window(0, 8, 60, 68)]) is None


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf", "Discrepancy", ""])
def test_a_mistake_gets_one_sentence(noisy: Path, text: str) -> None:
    with pytest.raises(InvpriorError) as error:
        denoise(noisy, "--weight", text)
    assert str(error.value) == f"--weight takes auto, discrepancy or a positive number, got {text!r}"


def test_a_mistake_ends_with_two(
    noisy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["denoise", str(noisy), "-o", str(noisy.with_name("out.png")), "--weight", "much"]
    monkeypatch.setattr(sys, "argv", ["invprior", *arguments])
    with pytest.raises(SystemExit) as done:
        run_as_typed()
    assert done.value.code == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "--weight takes auto" in errors


def test_laplace_noise_has_no_discrepancy(noisy: Path) -> None:
    with pytest.raises(InvpriorError, match="needs a linear operator and Gaussian or photon noise; give a weight"):
        denoise(noisy, "--sigma", "auto", "--noise", "laplace:0.1", "--weight", "discrepancy")
