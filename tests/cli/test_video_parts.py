"""Unfinished work of ``video``: damage is repaired, strangers' files stay, kills cost nothing but time."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from invprior.io.video import encode
from tests.films import make_film, moving

RUNNER = CliRunner()
ARGUMENTS = ["noisy.mkv", "--prior", "tv", "--sigma", "0.1", "--weight", "0.05", "--window", "3", "--iterations", "20"]
DIP = ["noisy.mkv", "--prior", "dip", "--sigma", "0.1", "--window", "3", "--iterations", "3"]
PROGRAM = [sys.executable, "-c", "from invprior.cli.main import run; run()", "video"]
AGAIN = "holds windows that are damaged or lack a part; they are restored again"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    generator = torch.Generator().manual_seed(0)
    make_film(tmp_path / "noisy.mkv", noise.Gaussian(0.1).sample(moving(12, 24, 32), generator).clamp(0, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, ["video", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def cut_off(arguments: list[str], windows: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run until a power cut in the window after ``windows``; return the folder of the finished ones."""
    made: list[Path] = []

    def cut(path: Path, *rest: Any) -> None:
        made.append(path)
        if len(made) > windows:
            raise RuntimeError("power")
        encode(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("invprior.cli.video.run.encode", cut)
        with pytest.raises(RuntimeError, match="power"):
            run(*arguments, "-o", "out.mkv")
    return Path("out.mkv.parts")


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": halve,
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
    "other": other,
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "list": lambda path: path.write_text("[]"),
    "object": lambda path: path.write_text("{}"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "foreign": lambda path: path.write_text(json.dumps({"record": 3, "request": 4, "chosen": {}, "piece": None})),
}


@pytest.mark.parametrize("name", ["request.json", "00000.json", "00001.json", "00000.mkv", "00001.mkv"])
def test_what_is_damaged_is_done_again(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*ARGUMENTS, "-o", "whole.mkv")
    parts = cut_off(ARGUMENTS, 2, monkeypatch)
    shutil.copytree(parts, "kept")
    for kind, damage in DAMAGE.items():
        shutil.rmtree(parts, ignore_errors=True)
        shutil.copytree("kept", parts)
        damage(parts / name)
        text = run(*ARGUMENTS, "-o", "out.mkv")
        # the last window's record gone is a window that was not finished
        assert (AGAIN in text) is not (name == "00001.json" and kind == "gone"), kind
        assert Path("out.mkv").read_bytes() == Path("whole.mkv").read_bytes(), kind
        assert not parts.exists(), kind


def test_a_network_that_is_damaged_is_fitted_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*DIP, "-o", "whole.mkv")
    parts = cut_off(DIP, 2, monkeypatch)
    halve(parts / "00001.pt")
    assert AGAIN in run(*DIP, "-o", "out.mkv")
    assert Path("out.mkv").read_bytes() == Path("whole.mkv").read_bytes()


def test_the_files_of_others_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = cut_off(ARGUMENTS, 2, monkeypatch)
    theirs = [parts / name for name in (".hidden", ".invprior-notes", "notes.txt", "1.json", "00000.mkv.bak")]
    for path in theirs:
        path.write_text("mine")
    (parts / "sub").mkdir()
    halve(parts / "00000.mkv")
    run(*ARGUMENTS, "-o", "out.mkv")
    assert sorted(parts.iterdir()) == sorted([*theirs, parts / "sub"])
    assert {path.read_text() for path in theirs} == {"mine"}


def test_windows_of_another_request_are_not_mixed_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = cut_off(ARGUMENTS, 3, monkeypatch)
    halve(parts / "00000.mkv")  # nothing is left to resume, but two whole windows are there
    changed = [*ARGUMENTS, "--weight", "0.3"]
    run(*changed, "-o", "whole.mkv")
    cut_off(changed, 1, monkeypatch)
    run(*changed, "-o", "out.mkv")
    assert Path("out.mkv").read_bytes() == Path("whole.mkv").read_bytes()


def test_another_version_and_another_request_are_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = cut_off(ARGUMENTS, 2, monkeypatch)
    before = {path: path.read_bytes() for path in parts.iterdir()}
    with pytest.raises(InvpriorError, match=r"the unfinished work of another run \(weight changed\)"):
        run(*ARGUMENTS, "--weight", "0.3", "-o", "out.mkv")
    monkeypatch.setattr("invprior.cli.video.run.VERSION", 10_000)
    with pytest.raises(InvpriorError, match="the unfinished work of another version of invprior, which is not touched"):
        run(*ARGUMENTS, "-o", "out.mkv")
    assert {path: path.read_bytes() for path in parts.iterdir()} == before


def test_a_name_that_leaves_no_room_for_the_folder(folder: Path) -> None:
    with pytest.raises(InvpriorError, match=r"cannot keep unfinished work in .*: File name too long; give OUT another"):
        run(*ARGUMENTS, "-o", "a" * 248 + ".mkv")
    run(*ARGUMENTS, "-o", "a" * 245 + ".mkv")
    assert sorted(p.suffix for p in folder.iterdir()) == [".mkv", ".mkv"]


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*PROGRAM, *arguments, "-o", "out.mkv"], stderr=subprocess.PIPE, text=True)


def wait_for(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not there() and process.poll() is None:
        time.sleep(0.002)


def test_two_commands_for_one_film_exclude_each_other(folder: Path) -> None:
    lock = Path("out.mkv.parts/.lock")
    first = started(*DIP)
    try:
        wait_for(lock.exists, first)
        time.sleep(0.3)
        first.send_signal(signal.SIGSTOP)  # it would be done before the other one has started
        second = started(*DIP)
        _, said = second.communicate(timeout=120)
        assert second.returncode == 2
        assert said.strip() == (
            "invprior: another command writes into out.mkv.parts; wait for it, or give another folder"
        )
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    assert lock.exists()  # a killed process leaves its lock behind, which holds nobody up
    third = started(*DIP)
    _, said = third.communicate(timeout=120)
    assert third.returncode == 0, said
    assert not lock.exists()
    assert Path("out.mkv").exists()


@pytest.mark.parametrize("arguments", [ARGUMENTS, pytest.param(DIP, marks=pytest.mark.slow)], ids=["tv", "dip"])
def test_kills_at_any_moment_change_nothing(folder: Path, arguments: list[str]) -> None:
    run(*arguments, "-o", "whole.mkv")
    before = sorted(folder.iterdir())
    rng = random.Random(0)
    for finished in (1, 1, 2, 4):

        def reached(n: int = finished) -> bool:
            return len(list(Path("out.mkv.parts").glob("*.json"))) >= n

        process = started(*arguments)
        wait_for(reached, process)
        time.sleep(0.02 * rng.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = started(*arguments)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert Path("out.mkv").read_bytes() == Path("whole.mkv").read_bytes()
    assert sorted(folder.iterdir()) == sorted([*before, folder / "out.mkv"])
