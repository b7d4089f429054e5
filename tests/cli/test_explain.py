"""``invprior explain``: the parts of a restored picture and the verdict on a marked structure, from files to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from invprior.cli.main import app
from invprior.errors import InvpriorError

SIZE = 36


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A noisy square on gray, the region around it, an empty place, and a hole."""
    monkeypatch.chdir(tmp_path)
    x = np.full((SIZE, SIZE), 0.3)
    x[14:22, 14:22] = 0.8
    save("noisy.png", x + 0.04 * np.random.default_rng(0).standard_normal(x.shape))
    square, hole = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    square[12:24, 12:24] = 1
    hole[10:26, 10:26] = 1
    save("square.png", square)
    save("hole.png", hole)
    save("damaged.png", np.where(hole > 0, 0, x))
    save("small.png", square[:20])
    save("white.png", np.ones((SIZE, SIZE)))
    return tmp_path


def save(name: str, x: np.ndarray[Any, Any]) -> None:
    Image.fromarray((x.clip(0, 1) * 255).round().astype(np.uint8)).save(name)


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image).astype(float)


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments], catch_exceptions=False)


def test_a_square_is_in_the_data_and_the_parts_add_up(folder: Path) -> None:
    told = explain(
        "noisy.png",
        "-o",
        "why",
        *("--sigma", "0.04", "--prior", "tv:0.02"),
        *("--region", "square.png"),
        "--record",
        "r",
    )
    assert "the structure is in the data" in told.output
    assert "the data determine" in told.output
    restored, determined, added, without = (
        pixels(folder / "why" / f"{name}.png") for name in ("restored", "determined", "added", "without")
    )
    assert np.abs(restored - (determined + added - 127.5)).max() <= 1.5
    assert restored[18, 18] > 150
    assert without[18, 18] < 110
    record = json.loads(Path("r").read_text())
    assert record["explained"]["determined"] + record["explained"]["added"] == pytest.approx(1)
    assert record["explained"]["structure"]["in_data"] is True
    assert record["explained"]["structure"]["alpha"] == 0.05


def test_of_what_stands_in_a_hole_nothing_is_said(folder: Path) -> None:
    told = explain("damaged.png", "-o", "why", "--mask", "hole.png", "--prior", "tv", "--region", "square.png")
    assert "nothing can be said" in told.output
    assert np.abs(pixels(folder / "why" / "added.png")[:9] - 127.5).max() <= 1.5  # known pixels are the data's


def test_a_prior_that_is_not_convex_gives_the_parts_without_a_verdict(folder: Path) -> None:
    told = explain("noisy.png", "-o", "why", "--prior", "nlm", "--region", "square.png", "--quiet")
    assert "no verdict" in told.output
    assert "--prior tv" in told.output
    assert told.exit_code == 0
    assert sorted(p.name for p in (folder / "why").iterdir()) == ["added.png", "determined.png", "restored.png"]


WRONG = {
    "of two tasks": (["--mask", "hole.png", "--factor", "2"], "give one of them"),
    "a region of another size": (["--region", "small.png"], "must agree"),
    "all of the picture": (["--region", "white.png"], "leave the surroundings"),
    "no probability": (["--region", "square.png", "--alpha", "1"], "between 0 and 1"),
    "an inverted nothing": (["--invert-mask"], "give them with --mask"),
    "the input": (["-o", "."], "written over"),
    "an error map over the input": (["--error-map", "noisy.png"], "written over"),
    "an error map of no kind": (["--error-map", "map.xyz"], "map.xyz"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_one_sentence_before_the_solve(folder: Path, case: str) -> None:
    options, sentence = WRONG[case]
    source = "noisy.png"
    if case == "the input":
        source = "restored.png"
        (folder / "noisy.png").rename(folder / source)
    before = (folder / source).read_bytes()
    with pytest.raises(InvpriorError, match=sentence):
        explain(source, *(["-o", "why"] if "-o" not in options else []), "--prior", "tv", *options)
    assert (folder / source).read_bytes() == before
    assert not (folder / "why" / "restored.png").exists()


def test_a_folder_is_refused(folder: Path) -> None:
    with pytest.raises(InvpriorError, match="one picture is explained at a time"):
        explain(".", "-o", "why", "--prior", "tv")
    assert not (folder / "why").exists()


def test_pictures_that_are_there_are_written_over_only_if_that_is_said(folder: Path) -> None:
    explain("noisy.png", "-o", "why", "--prior", "tv", "--quiet")
    before = {path.name: path.read_bytes() for path in (folder / "why").iterdir()}
    with pytest.raises(InvpriorError, match=r"restored\.png exists; add --overwrite"):
        explain("noisy.png", "-o", "why", "--prior", "tv:0.5", "--quiet")
    assert {path.name: path.read_bytes() for path in (folder / "why").iterdir()} == before
    explain("noisy.png", "-o", "why", "--prior", "tv:0.5", "--quiet", "--overwrite")
    assert (folder / "why" / "restored.png").read_bytes() != before["restored.png"]
