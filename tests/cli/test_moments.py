"""What a run tells while it goes, what it would take, and how it is written once more."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import invprior.cli.preview as preview
from invprior.cli.preview import MOMENTS, Moments
from invprior.errors import InvpriorError
from invprior.io import read
from tests.cli.here import pixels, run
from tests.helpers import photograph

X = np.rint(photograph(size=64, top=60, left=130).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
TV = ("--prior", "tv", "--sigma", "10dn", "--weight", "0.05")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Image.fromarray(X).save(tmp_path / "in.png")
    (tmp_path / "moments").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plan_writes_nothing_and_says_what_it_takes(folder: Path) -> None:
    said, _ = run("denoise", "in.png", "-o", "out.png", "--plan", *TV)
    assert said.startswith("in.png: prior tv, takes about 0.")
    assert "GB of memory" in said
    assert not (folder / "out.png").exists()


def test_a_plan_of_a_folder_names_every_picture(folder: Path) -> None:
    Image.fromarray(X[:32]).save("second.png")
    said, _ = run("denoise", "in.png", "second.png", "-o", "many", "--plan", *TV)
    assert said.count("prior tv, takes about") == 2
    assert not (folder / "many").exists()


def test_moments_are_pictures_of_the_estimate_and_lines_of_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "PAUSE", 0.0)
    monkeypatch.setattr(preview, "LINES", 0.0)
    run("denoise", "in.png", "-o", "out.png", "--moments", "moments", *TV)
    found = sorted((folder / "moments").glob("*.jpg"))
    assert found
    seconds, iteration = found[0].stem.split("-")
    assert float(seconds) >= 0
    assert int(iteration) == 1
    assert read(found[0]).x.shape == (3, 64, 64)
    lines = [json.loads(line) for line in (folder / "moments" / "journal.jsonl").read_text().splitlines()]
    assert [set(line) for line in lines] == [{"iteration", "seconds", "total", "value", "signals"}] * len(lines)
    assert [line["iteration"] for line in lines] == sorted(line["iteration"] for line in lines)


def test_moments_of_a_hole_show_the_whole_picture(folder: Path) -> None:
    hole = np.zeros((64, 64), np.uint8)
    hole[20:24, 20:24] = 255
    Image.fromarray(hole).save("hole.png")
    run("inpaint", "in.png", "--mask", "hole.png", "-o", "out.png", "--prior", "tv", "--moments", "moments")
    (first, *_) = sorted((folder / "moments").glob("*.jpg"))
    assert np.abs(pixels(str(first)).astype(int) - X)[30:, 30:].mean() < 4  # a JPEG of it
    run("inpaint", "in.png", "--mask", "hole.png", "-o", "plain.png", "--prior", "tv")
    assert np.array_equal(pixels("out.png"), pixels("plain.png"))  # to look changes nothing


def test_there_are_never_more_moments_than_said(tmp_path: Path) -> None:
    Image.fromarray(X[:8, :8]).save(tmp_path / "x.png")
    picture = read(tmp_path / "x.png")

    class Seen:
        x = picture.x

        def __init__(self, number: int) -> None:
            self.iteration, self.seconds = number, float(number)

    moments = Moments(tmp_path, lambda x: picture.with_pixels(x, None))
    moments._writing.pace.pause = 0.0
    for number in range(1, 4 * MOMENTS):
        moments._writing.pace._due = 0.0
        moments(Seen(number))  # type: ignore[arg-type]
        assert len(list(tmp_path.glob("*.jpg"))) <= MOMENTS
    kept = sorted(int(path.stem.split("-")[1]) for path in tmp_path.glob("*.jpg"))
    assert kept[0] == 1
    assert kept[-1] > 3 * MOMENTS


def test_a_result_is_written_once_more_without_a_solve(folder: Path) -> None:
    run("denoise", "in.png", "-o", "out.png", "--checkpoint", "c", *TV)
    run("denoise", "in.png", "-o", "half.png", "--checkpoint", "c", "--strength", "0.5", "--record", "r.json", *TV)
    run("denoise", "in.png", "-o", "deep.tif", "--checkpoint", "c", "--depth", "16", *TV)
    run("denoise", "in.png", "-o", "direct.png", "--strength", "0.5", *TV)
    assert np.array_equal(pixels("half.png"), pixels("direct.png"))
    deep = read("deep.tif")
    assert deep.format == "ushort"
    assert np.abs(deep.x.numpy().transpose(1, 2, 0) * 255 - pixels("out.png")).max() <= 0.51
    assert len(np.unique(deep.x.numpy())) > 1000  # not 8 bits stretched


def test_depth_keeps_the_alpha_channel_and_names_what_it_cannot_do(folder: Path) -> None:
    Image.fromarray(np.dstack([X, np.full((64, 64), 128, np.uint8)])).save("a.png")
    run("denoise", "a.png", "-o", "a16.png", "--depth", "16", *TV)
    deep = read("a16.png")
    assert deep.alpha is not None
    assert abs(float(deep.alpha.mean()) - 128 / 255) < 1e-4
    Image.fromarray(X[..., 0].astype(np.float32) / 255).save("float.tif")
    with pytest.raises(InvpriorError, match="no full scale"):
        run("denoise", "float.tif", "-o", "b.tif", "--depth", "8", "--prior", "tv", "--sigma", "0.1")
    with pytest.raises(InvpriorError, match="--depth takes 8 or 16"):
        run("denoise", "in.png", "-o", "b.png", "--depth", "12", *TV)


def test_an_automatic_prior_goes_on_with_the_one_it_chose(folder: Path) -> None:
    run("denoise", "in.png", "-o", "a.png", "--checkpoint", "c", "--prior", "tv", "--sigma", "10dn")
    run("denoise", "in.png", "-o", "b.png", "--checkpoint", "c", "--sigma", "10dn", "--record", "r.json")
    assert json.loads((folder / "r.json").read_text())["prior"] == "tv"
    assert np.array_equal(pixels("a.png"), pixels("b.png"))
