"""Whatever a command is given, no file that it reads and no result is written over, and exit codes are true."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.main import app, run
from invprior.cli.preview import Preview
from invprior.io import read
from invprior.specs import load_target
from tests.films import make_film, moving


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a", "b", "truth"):
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(tmp_path / f"{name}.png")
    Image.fromarray(np.pad(np.full((4, 4), 255, np.uint8), 6)).save(tmp_path / "mask.png")
    Image.fromarray(np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.uint8) * 50).save(tmp_path / "psf.png")
    make_film(tmp_path / "film.mkv", moving(2, 16, 16))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        "denoise a.png -o out.png --record a.png",
        "denoise a.png -o out.png --preview a.png",
        "denoise a.png -o a.png",
        "denoise a.png -o out.png --record out.png",
        "denoise a.png -o out.png --preview out.png",
        "denoise a.png -o truth.png --truth truth.png",
        "denoise a.png -o out.png --truth truth.png --record truth.png",
        "inpaint a.png --mask mask.png -o mask.png",
        "inpaint a.png --mask mask.png -o out.png --record mask.png",
        "deblur a.png --psf psf.png -o psf.png",
        "flash a.png b.png -o b.png",
        "flash a.png b.png -o out.png --record b.png",
        "video film.mkv -o out.mkv --record film.mkv",
        "video film.mkv -o out.mkv --task inpaint --mask mask.png --record mask.png",
        "video film.mkv -o out.mkv --record out.mkv",
        "denoise a.png b.png -o batch --record b.png",
        "denoise a.png b.png -o . --overwrite",
        "inpaint a.png b.png --mask mask.png -o . --overwrite --record mask.png",
    ],
)
def test_nothing_that_is_read_is_written(folder: Path, command: str) -> None:
    before = state(folder)
    with pytest.raises(InvpriorError, match="would be written over"):
        CliRunner().invoke(app, [*command.split(), "--prior", "none"], catch_exceptions=False)
    assert state(folder) == before


def test_a_solve_that_diverges_leaves_out_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out.png").write_bytes((folder / "b.png").read_bytes())
    before = state(folder)

    monkeypatch.setattr("invprior.operators.Identity.forward", lambda self, x: x * float("nan"))
    words = ["denoise", "a.png", "-o", "out.png", "--prior", "tv", "--sigma", "0.1", "--weight", "0.1", "--overwrite"]
    with pytest.raises(InvpriorError, match=r"a\.png: the solve diverged, out\.png is left as it was"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert state(folder) == before


def test_a_preview_that_cannot_be_written_is_given_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Seen:
        x = torch.rand(3, 8, 8)

    (folder / "gone").mkdir()
    preview = Preview(folder / "gone" / "p.png", lambda x: read(folder / "a.png").with_pixels(x, None))
    (folder / "gone").rmdir()
    for _ in range(3):
        preview(Seen())  # type: ignore[arg-type]
    assert capsys.readouterr().err.count("no more previews") == 1


BROKEN: dict[str, tuple[str, str]] = {
    "exit": ("import sys\nsys.exit(0)\n", "it ends Python with exit code 0"),
    "syntax": ("def f(:\n", "SyntaxError"),
    "raises": ("raise RuntimeError('mine')\n", "RuntimeError: mine"),
    "factory": ("def make():\n    raise KeyError('inside')\n", "cannot call .*KeyError: 'inside'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_module_that_breaks_off_is_a_mistake(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, says = BROKEN[kind]
    (tmp_path / f"broken_{kind}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvpriorError, match=says):
        load_target(f"broken_{kind}:make")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (PermissionError(13, "Permission denied", "x.png"), 2, "cannot read or write x.png: Permission denied"),
        (MemoryError(), 2, "there is not enough memory"),
        (InvpriorError("no"), 2, "invprior: no"),
    ],
)
def test_the_ends_of_a_command(
    error: Exception, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr("invprior.cli.main.app", fails)
    monkeypatch.setattr("signal.signal", lambda *handler: None)
    with pytest.raises(SystemExit) as left:
        run()
    assert left.value.code == code
    printed = capsys.readouterr().err
    assert says in printed
    assert printed.count("\n") == 1


def test_a_batch_does_again_what_was_emptied_and_scores_what_is_asked(folder: Path) -> None:
    def batch(*more: str) -> str:
        words = ["denoise", "a.png", "b.png", "-o", "out", "--prior", "none", *more]
        return CliRunner().invoke(app, words, catch_exceptions=False).stderr

    batch()
    (folder / "out" / "a.png").write_bytes(b"")
    assert "1 of 2 pictures are finished already" in batch()
    assert (folder / "out" / "a.png").stat().st_size > 0
    (folder / "truths").mkdir()
    for name in ("a.png", "b.png"):
        (folder / "truths" / name).write_bytes((folder / name).read_bytes())
    assert "finished already" not in batch("--truth", "truths", "--record", "run.json")
    assert (folder / "run.json").read_text().count('"psnr"') == 2


def test_one_picture_that_breaks_costs_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = read

    def torn(path: Path | str, *, missing: bool = False) -> Any:
        if Path(path).name == "a.png":
            raise ZeroDivisionError("inside a codec")
        return real(path)

    monkeypatch.setattr("invprior.runs.tasks.read", torn)
    done = CliRunner().invoke(app, ["denoise", "a.png", "b.png", "-o", "out", "--prior", "none"])
    assert done.exit_code == 1
    assert "a.png: a fault of invprior itself, ZeroDivisionError: inside a codec; " in done.stderr
    assert (folder / "out" / "b.png").is_file()


def test_manifests_with_odd_bytes_are_work_to_be_done_again(folder: Path) -> None:
    words = ["denoise", "a.png", "b.png", "-o", "out", "--prior", "none"]
    assert CliRunner().invoke(app, words).exit_code == 0
    manifest = folder / "out" / "manifest.jsonl"
    manifest.write_bytes(b"\xff\xfe not a line\n{\n[]\n" + manifest.read_bytes())
    assert CliRunner().invoke(app, words).exit_code == 0
