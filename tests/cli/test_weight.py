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
from invprior.cli.main import app
from invprior.cli.main import run as run_as_typed
from invprior.io import read
from invprior.metrics import psnr
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import TV, GuidedTV
from invprior.shapes import Window
from invprior.stop import MaxIterations
from invprior.weight import excerpt
from tests.helpers import over, photograph

SIGMA = 0.1
LIMIT = MaxIterations(150)


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    y = noise.Gaussian(SIGMA).sample(photograph(size=32, top=20, left=100), torch.Generator().manual_seed(0))
    levels = np.rint(y.clamp(0, 1).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    Image.fromarray(levels).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def denoise(noisy: Path, *options: str) -> dict[str, object]:
    record = noisy.with_name("run.json")
    arguments = ["denoise", str(noisy), "-o", str(noisy.with_name("out.png")), "--prior", "tv", "--record", str(record)]
    CliRunner().invoke(app, over([*arguments, "--sigma", SIGMA, *options]), catch_exceptions=False)
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
    assert str(record["weight_rule"]).startswith("a tenth of: discrepancy principle")
    # two iterations a solve of the search find no crossing, which the rule then says


@pytest.mark.parametrize("task", ["denoise", "upscale", "deblur", "inpaint"])
def test_a_large_picture_is_weighted_by_tiles_of_it(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 tiles of 20×20 pixels, of 164×164: the weight is nearly as good as that of the whole."""
    x, psf = photograph(size=164, top=20, left=100), torch.ones(3, 3, dtype=torch.float64) / 9
    known = torch.rand(164, 164, generator=torch.Generator().manual_seed(1)) > 0.4
    A: LinearOperator
    match task:
        case "denoise":
            A = Identity(x.shape)
        case "upscale":
            A = Lanczos(x.shape, factor=2)
        case "deblur":
            A = Blur(x.shape, psf)
        case _:
            A = Mask(x.shape, known)
    model = noise.Gaussian(0.05)
    y = model.sample(A(x), torch.Generator().manual_seed(0))
    whole = Problem(A.float(), y.float(), noise=model, prior=TV())
    assert excerpt.excerpt(whole) is whole
    by_whole = weight.auto(whole).weight
    monkeypatch.setattr(excerpt, "SIDE", 20)
    part = excerpt.excerpt(whole).data_terms[0]
    assert part.y.shape[0] == 16
    assert part.operator.in_shape[-2:] == (20, 20)

    def quality(chosen: float) -> float:
        return psnr(solve(Problem(A, y.float(), noise=model, prior=chosen * TV()), stop=LIMIT).x, x)

    # tiles of 10×10 measured pixels, which are those of 20×20, lose more at their cuts
    lost = 0.3 if task == "upscale" else 0.15
    assert quality(weight.auto(whole).weight) > quality(by_whole) - lost


def test_a_prior_of_the_pictures_own_size_is_weighted_by_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpt, "SIDE", 8)
    y = photograph(size=96)
    for prior, cut in ((TV(), True), (GuidedTV(y), False), (TV() + GuidedTV(y), False)):
        problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.05), prior=prior)
        assert (excerpt.excerpt(problem) is not problem) == cut


@pytest.mark.parametrize("masked", [False, True])
def test_levels_per_pixel_are_those_of_each_tile(monkeypatch: pytest.MonkeyPatch, masked: bool) -> None:
    monkeypatch.setattr(excerpt, "SIDE", 8)
    y = torch.rand(1, 96, 96)
    levels = torch.linspace(0.05, 0.4, 96)[:, None].expand(96, 96).contiguous()
    A = Mask(y.shape, torch.ones(96, 96, dtype=torch.bool)) if masked else Identity(y.shape)
    part = excerpt.excerpt(Problem(A, y, noise=noise.Gaussian(levels), prior=TV())).data_terms[0]
    assert part.y.shape == (16, 1, 8, 8)
    assert part.sigma == pytest.approx(float(levels.square().mean().sqrt()), rel=0.05)
    assert float(part.variance.max()) > 20 * float(part.variance.min())


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
    with pytest.raises(InvpriorError, match="needs Gaussian or photon noise; give a weight"):
        denoise(noisy, "--sigma", "auto", "--noise", "laplace:0.1", "--weight", "discrepancy")
