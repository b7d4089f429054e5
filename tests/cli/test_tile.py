"""``--tile``: the same picture without seams, one weight, one stop."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.main import app
from tests.helpers import photograph, randn

RUNNER = CliRunner()
CLEAN = photograph(size=128, top=20, left=100).numpy().transpose(1, 2, 0)


def save(path: Path, x: np.ndarray[Any, Any]) -> None:
    Image.fromarray(np.rint(x.clip(0, 1) * 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "clean.png", CLEAN)
    save(tmp_path / "noisy.png", CLEAN + 0.1 * randn(*CLEAN.shape).numpy())
    hole = np.zeros(CLEAN.shape[:2])
    hole[20:100:9] = hole[60:70, 60:70] = 1
    save(tmp_path / "mask.png", hole)
    save(tmp_path / "holed.png", CLEAN * (1 - hole[..., None]))
    with Image.open(tmp_path / "clean.png") as image:
        image.resize((64, 64), Image.Resampling.LANCZOS).save(tmp_path / "small.png")
    psf = np.zeros((5, 5))
    psf[1:4, 2] = 1
    save(tmp_path / "psf.png", psf)
    return tmp_path


def run(*arguments: object) -> str:
    result = RUNNER.invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stderr


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image) / 255


COMMANDS = {
    "denoise": ["noisy.png", "--sigma", "0.1"],
    "inpaint": ["holed.png", "--mask", "mask.png"],
    "upscale": ["small.png", "--factor", "2", "--sigma", "0.01"],
    "deblur": ["noisy.png", "--psf", "psf.png", "--sigma", "0.1"],
}


@pytest.mark.parametrize("task", COMMANDS)
def test_tiles_give_the_whole_pictures_result(folder: Path, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    common = [task, *COMMANDS[task], "--prior", "tv", "--iterations", 120, "--quiet", "--truth", "clean.png"]
    run(*common, "-o", "whole.png", "--record", "whole.json")
    run(*common, "-o", "tiled.png", "--record", "tiled.json", "--tile", 80)
    whole, tiled = (json.loads(Path(name).read_text()) for name in ("whole.json", "tiled.json"))
    assert tiled["weight"] == whole["weight"]  # chosen once, for the picture
    assert abs(tiled["psnr"] - whole["psnr"]) < 0.05
    assert "Tiled" in tiled["solver"]
    assert tiled["tile"] == 80
    assert np.abs(pixels(folder / "whole.png") - pixels(folder / "tiled.png")).mean() < 0.003


def test_a_network_leaves_no_seam(folder: Path) -> None:
    """Steps of the error across the middle of the overlaps are no larger than inside the tiles."""
    options = ["--prior", "dip", "--sigma", 0.1, "--iterations", 30, "--quiet", "--tile", 64]
    clean = CLEAN[:96, :96]
    energies = []
    for seed in range(3):
        save(folder / "noisy.png", clean + 0.1 * randn(*clean.shape, seed=seed).numpy())
        run("denoise", folder / "noisy.png", "-o", folder / f"{seed}.png", *options, "--seed", seed)
        error = pixels(folder / f"{seed}.png") - clean
        for axis in (0, 1):
            steps = np.square(np.diff(error, axis=axis)).mean(axis=(1 - axis, 2))
            energies.append((steps[40:55].mean(), np.delete(steps, slice(32, 63)).mean()))
    assert sum(e for e, _ in energies) < 1.1 * sum(e for _, e in energies)


def test_memory_disk_and_number_of_the_tiles_are_said_before_the_solve(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ["denoise", folder / "noisy.png", "--sigma", 0.1, "--iterations", 1]
    options = [*common, "--prior", "dip", "--tile", 64, "-o", folder / "o.png"]
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    said = run(*options)
    assert re.search(
        rf"noisy.png: 9 tiles of 64×64 pixels, takes about \d.\d GB of memory and 0.\d GB of disk in {folder}\n", said
    )
    monkeypatch.setattr("invprior.io.scratch.free", lambda: 0.05)
    (folder / "o.png").unlink()
    with pytest.raises(
        InvpriorError, match=r"the tiles that wait take about 0\.\d GB of disk, and .* has 0\.1 GB free"
    ):
        run(*options)
    assert not (folder / "o.png").exists()


def test_a_picture_smaller_than_a_tile_is_restored_whole(folder: Path) -> None:
    common = ["denoise", folder / "noisy.png", "--sigma", 0.1, "--prior", "tv", "--weight", 0.1, "--quiet"]
    run(*common, "-o", folder / "a.png")
    run(*common, "-o", folder / "b.png", "--tile", 128)
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()


def test_tiles_that_cannot_be_are_refused(folder: Path) -> None:
    with pytest.raises(InvpriorError, match="--tile takes 64 pixels or more, got 20"):
        run("denoise", folder / "noisy.png", "-o", folder / "o.png", "--tile", 20)
    save(folder / "psf.png", np.ones((31, 31)))
    with pytest.raises(InvpriorError, match="the blur reaches over 31 pixels; take tiles of 124 pixels or more for it"):
        run("deblur", folder / "noisy.png", "--psf", folder / "psf.png", "-o", folder / "o.png", "--tile", 80)
    assert not (folder / "o.png").exists()


def test_a_picture_too_large_is_told_the_tiles_that_fit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**18 * 73 // 100}.__getitem__
    monkeypatch.setattr("os.sysconf", small)
    big = np.tile(CLEAN, (3, 3, 1))[:320, :320]
    save(folder / "big.png", big)
    common = ["denoise", folder / "big.png", "--sigma", 0.1, "-o", folder / "o.png", "--quiet", "--iterations", 1]
    common += ["--prior", "dip"]
    with pytest.raises(InvpriorError, match=r"0\.1 megapixels .*; take --tile \d+$") as error:
        run(*common)
    tile = int(str(error.value).rsplit(" ", 1)[1])
    run(*common, "--tile", tile)
    assert pixels(folder / "o.png").shape == big.shape
