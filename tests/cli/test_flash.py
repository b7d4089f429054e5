"""``flash`` on the command line: what the flash picture is worth, and what it must not leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.flash import longest
from invprior.cli.main import app
from invprior.io import read
from tests.flash_scene import Scene, scene, stripes
from tests.helpers import over, photograph, psnr

SIZE = 96
CLEAN = photograph(size=SIZE, top=20, left=100).float()
SHADOW = stripes(SIZE, SIZE)


def save(x: Tensor, path: Path) -> None:
    Image.fromarray(np.rint(x.clamp(0, 1).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)).save(path)


def photographed(folder: Path, shadow: Tensor, clean: Tensor = CLEAN) -> Scene:
    s = scene(clean, shadow)
    for name, x in (("truth", s.ambient), ("dim", s.no_flash), ("flash", s.flash)):
        save(x, folder / f"{name}.png")
    return s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photographed(tmp_path, SHADOW)
    return tmp_path


def flash(folder: Path, *options: object) -> tuple[Tensor, dict[str, Any]]:
    out, record = folder / "out.png", folder / "run.json"
    arguments = ["flash", folder / "dim.png", folder / "flash.png", "-o", out, "--record", record, *options]
    done = CliRunner().invoke(app, over(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return read(out).x, json.loads(record.read_text())


def alone(folder: Path) -> Tensor:
    arguments = ["denoise", folder / "dim.png", "-o", folder / "alone.png", "--prior", "tv", "--sigma", 0.07, "--quiet"]
    CliRunner().invoke(app, over(arguments), catch_exceptions=False)
    return read(folder / "alone.png").x


@pytest.mark.parametrize(("mode", "gain"), [("guide", 1.5), ("pair", 0.5)])
def test_the_flash_picture_is_worth_decibels_to_tv(folder: Path, mode: str, gain: float) -> None:
    truth = read(folder / "truth.png").x
    x, record = flash(folder, "--prior", "tv", "--mode", mode, "--truth", folder / "truth.png")
    assert psnr(x, truth) > psnr(alone(folder), truth) + gain
    assert record["psnr"] == pytest.approx(psnr(x, truth), abs=0.05)
    assert record["task"] == "flash"
    assert record["noise_rule"] == "estimated beside the flash picture"
    assert record["weight_rule"] == "least Monte-Carlo SURE"
    assert ("FlashPair" in record["operator"]) == (mode == "pair")
    assert record["noise"].count("Gaussian") == (2 if mode == "pair" else 1)


def test_no_shadow_of_the_flash_is_left(tmp_path: Path) -> None:
    inside, outside = [], []
    for shadow in (SHADOW, ~SHADOW):  # so that every pixel is once inside and once outside
        s = photographed(tmp_path, shadow)
        error = (flash(tmp_path, "--prior", "tv")[0] - s.ambient).square().mean(0)
        inside.append(error[shadow])
        outside.append(error[~shadow])
    assert float(torch.cat(inside).mean()) < 10**0.1 * float(torch.cat(outside).mean())


@pytest.mark.parametrize("mode", ["guide", "pair"])
def test_a_network_draws_the_light_of_the_first_picture(folder: Path, mode: str) -> None:
    truth = read(folder / "truth.png").x
    x, record = flash(folder, "--mode", mode, "--iterations", 80, "--quiet")
    assert x.shape == truth.shape
    assert psnr(x, truth) > psnr(read(folder / "dim.png").x, truth) + 3
    assert torch.allclose(x.mean((1, 2)), truth.mean((1, 2)), atol=0.02 if mode == "guide" else 0.05)
    assert record["preset"] == "fast"
    assert record["iterations"] == 80


def test_priors_beside_a_guide(folder: Path) -> None:
    for prior, iterations in (("none", 5), ("dip+tv", 3), ("tv+box", 50)):
        assert flash(folder, "--prior", prior, "--iterations", iterations, "--quiet")[1]["prior"] == prior


def test_noise_and_weight_can_be_given(folder: Path) -> None:
    options = ["--prior", "tv", "--noise", "poisson-gaussian:0.02,0.02", "--weight", 0.1, "--iterations", 30]
    record = flash(folder, *options, "--mode", "pair")[1]
    assert record["noise"].startswith("PoissonGaussian(gain=0.02, read=0.02, offset=0.0); Gaussian(")
    assert (record["noise_rule"], record["weight"]) == ("given", 0.1)


def test_a_moved_flash_picture_is_put_back(tmp_path: Path) -> None:
    truth = photographed(tmp_path, stripes(160, 160), photograph(size=160, top=20, left=100).float()).ambient
    save(torch.roll(read(tmp_path / "flash.png").x, (5, -3), (1, 2)), tmp_path / "flash.png")
    options = ["--prior", "tv", "--sigma", 0.07, "--weight", 0.1, "--iterations", 40, "--quiet"]
    crooked, aligned = (flash(tmp_path, *options, *o)[0][..., 8:-8, 8:-8] for o in ((), ("--align",)))
    assert psnr(aligned, truth[..., 8:-8, 8:-8]) > psnr(crooked, truth[..., 8:-8, 8:-8]) + 1


def test_the_longer_exposure_leaves_the_flash_light_positive() -> None:
    dim = torch.full((3, 32, 32), 0.4)
    assert longest(dim, torch.full((3, 32, 32), 0.6)) == 1
    assert longest(dim, torch.full((3, 32, 32), 0.2)) == pytest.approx(2, rel=0.01)


MISTAKES = {
    "sizes": (["dim.png", "small.png"], "dim.png is 96×96 pixels and small.png 48×40"),
    "missing": (["dim.png", "no.png"], "no.png does not exist"),
    "a folder": ([".", "flash.png"], ". is a folder, not a picture"),
    "mode": (["dim.png", "flash.png", "--mode", "both"], "--mode takes guide or pair, got 'both'"),
    "over the flash picture": (["dim.png", "flash.png", "-o", "./flash.png"], "would be written over its own input"),
    "no guided form": (["dim.png", "flash.png", "--prior", "tgv"], "prior 'tgv' takes no guide; take box, dip, none"),
    "colours": (["dim.png", "gray.png", "--mode", "pair"], "dim.png has 3 colour channels and gray.png 1"),
    "exposure": (["dim.png", "flash.png", "--exposure", "-1"], "--exposure takes auto or a positive number"),
    "truth": (["dim.png", "flash.png", "--mode", "pair", "--truth", "small.png"], "the truth small.png has shape"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence_and_writes_nothing(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(CLEAN[:, :40, :48], folder / "small.png")
    Image.open(folder / "flash.png").convert("L").save(folder / "gray.png")
    monkeypatch.chdir(folder)
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    arguments, message = MISTAKES[name]
    output = [] if "-o" in arguments else ["-o", "out.png"]
    with pytest.raises(InvpriorError) as error:
        CliRunner().invoke(app, ["flash", *arguments, *output], catch_exceptions=False)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_help_lists_it() -> None:
    assert "flash" in CliRunner().invoke(app, ["--help"]).output
    text = CliRunner().invoke(app, ["flash", "--help"]).output
    assert [o for o in ("NOFLASH", "FLASH", "--mode", "--align", "--prior", "--truth") if o not in text] == []
