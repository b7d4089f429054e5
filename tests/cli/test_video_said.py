"""What ``video`` says: losses before the solve, noise as it is, and one sentence for what does not suit films."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from invprior.cli.video.windows import excerpts
from invprior.io.video import Reader, alpha_reader, read_clip
from tests.films import half_clear, make_film, moving, rich_film, simple_film

RUNNER = CliRunner()
QUICK = ["--prior", "tv", "--weight", "0.05", "--iterations", "10"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, ["video", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def noisy(frames: Tensor, model: noise.Noise) -> Tensor:
    return model.sample(frames, torch.Generator().manual_seed(0)).clamp(0, 1)


def alpha(path: str) -> Tensor:
    clip = read_clip(path)
    with alpha_reader(clip) as reader:
        return reader.read(0, len(clip))


@pytest.mark.parametrize("window", ["2", "5"])
def test_transparency_goes_through_the_windows(window: str) -> None:
    pictures = [np.roll(half_clear(), n, axis=1) for n in range(5)]
    simple_film(Path("a.mov"), pictures, "png", "rgba")
    run("a.mov", "-o", "b.mov", "--codec", "png", "--sigma", "0.1", "--window", window, *QUICK)
    assert torch.equal(alpha("b.mov"), alpha("a.mov"))


def test_transparency_is_enlarged_with_the_film() -> None:
    simple_film(Path("a.mov"), [half_clear()] * 2, "png", "rgba")
    run("a.mov", "-o", "b.mov", "--codec", "png", "--task", "upscale", "--factor", "2", *QUICK)
    assert alpha("b.mov").shape == (2, 1, 96, 128)
    assert (alpha("b.mov")[..., ::2, ::2] - alpha("a.mov")).abs().max() < 0.1


def test_what_is_lost_is_said_in_one_line_before_the_solve() -> None:
    simple_film(Path("a.mov"), [half_clear()] * 2, "png", "rgba")
    text = run("a.mov", "-o", "b.mp4", "--sigma", "0.1", *QUICK)
    assert "the new film will be without its transparency (a .webm or .mov keeps it) of a.mov\n" in text
    rich_film(Path("r.mkv"))
    text = run("r.mkv", "-o", "r.mp4", "--sigma", "0.1", *QUICK)
    assert "the new film will be without the tag SHOT of r.mkv\n" in text
    assert "without" not in run("r.mkv", "-o", "s.mkv", "--sigma", "0.1", *QUICK)
    assert "without" not in run("r.mkv", "-o", "t.mp4", "--sigma", "0.1", "--quiet", *QUICK)


def test_photon_noise_is_reported_as_such() -> None:
    make_film(Path("a.mkv"), noisy(moving(3), noise.Poisson(0.01)))
    text = run("a.mkv", "-o", "b.mkv", "--noise", "poisson:0.01", *QUICK)
    assert "Poisson(gain=0.01) (given)" in text
    assert "sigma" not in text


def test_a_film_of_one_frame_is_not_several() -> None:
    make_film(Path("a.mkv"), moving(1))
    assert "b.mkv: 1 frame, " in run("a.mkv", "-o", "b.mkv", "--sigma", "0.1", *QUICK)


@pytest.mark.parametrize("blank", [slice(0, 1), slice(23, 24), slice(7, 17), slice(14, 24), slice(0, 18)])
def test_noise_is_found_beside_black_frames(blank: slice) -> None:
    frames = noisy(moving(24), noise.Gaussian(0.1))
    frames[blank] = 0
    make_film(Path("a.mkv"), frames)
    run("a.mkv", "-o", "b.mkv", *QUICK, "--record", "r.json")
    assert json.loads(Path("r.json").read_text())["sigma"] == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("frames", [1, 4])
def test_a_film_of_one_colour_comes_back(level: float, frames: int) -> None:
    make_film(Path("a.mkv"), torch.full((frames, 3, 24, 32), level))
    for settings in ([], ["--noise", "poisson:0.01"], ["--sigma", "auto", "--weight", "auto"]):
        if level == 0 and settings[:1] == ["--noise"]:
            with pytest.raises(
                InvpriorError, match="the data are black, where photon noise has no level; take Gaussian noise"
            ):
                run("a.mkv", "-o", "b.mkv", *QUICK, "--overwrite", *settings)
            continue
        run("a.mkv", "-o", "b.mkv", *QUICK, "--overwrite", *settings)
        clip = read_clip("b.mkv")
        with Reader(clip) as reader:
            assert (reader.read(0, frames) - level).abs().max() < 0.02


def test_excerpts_begin_in_the_middle() -> None:
    assert excerpts(24, 6) == [(9, 15), (4, 10), (13, 19), (0, 6), (18, 24)]
    assert excerpts(4, 6) == [(0, 4)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "best"], "the preset 'best' has no settings for films; take fast"),
        (["--preset", "paper"], "the preset 'paper' has no settings for films; take fast"),
        (["--preset", "worst"], "there is no preset 'worst'"),
        (["--prior", "dip:network=none"], "there is no network 'none'; choose one of skip"),
    ],
)
def test_what_does_not_suit_films_gets_one_sentence(arguments: list[str], message: str) -> None:
    make_film(Path("a.mkv"), moving(2))
    with pytest.raises(InvpriorError, match=message):
        run("a.mkv", "-o", "b.mkv", *arguments)


@pytest.mark.parametrize("network", ["hourglass", "deep_decoder"])
def test_films_take_the_networks_of_pictures(network: str) -> None:
    make_film(Path("a.mkv"), moving(4, 24, 32))
    run("a.mkv", "-o", "b.mkv", "--prior", f"dip:network={network},iterations=2", "--sigma", "0.1", "--window", "2")
    assert len(read_clip("b.mkv")) == 4


def test_a_stack_of_pictures_is_no_film(folder: Path) -> None:
    Image.fromarray(np.zeros((48, 64), np.uint8)).save("stack.tif")
    with pytest.raises(InvpriorError, match=r"stack\.tif is a TIFF, whose pages are pictures"):
        run("stack.tif", "-o", "out.mp4", *QUICK)
