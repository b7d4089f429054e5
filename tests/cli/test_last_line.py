"""What nobody foresaw: a sentence, a report and exit code 70; Ctrl-C and SIGTERM at any time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import invprior.cli.main as main
import invprior.cli.pictures as pictures


def left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> tuple[int, str]:
    def restore(*arguments: object) -> None:
        raise raised

    monkeypatch.setattr(pictures, "restore", restore)
    monkeypatch.setattr(sys, "argv", ["invprior", "denoise", "a.png", "-o", "b.png"])
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    with pytest.raises(SystemExit) as caught:
        main.run()
    assert isinstance(caught.value.code, int)
    return caught.value.code, capsys.readouterr().err


def test_a_fault_leaves_a_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, said = left(capsys, monkeypatch, ValueError("odd [/b]\nvalue"))
    assert code == 70
    assert said.startswith("invprior: a fault of invprior itself, ValueError: odd [/b] value; the report ")
    assert "Traceback" not in said
    found = re.search(r"report (\S+) says", said)
    assert found
    report = Path(found[1]).read_text()
    for part in ('["denoise", "a.png", "-o", "b.png"]', "Traceback", "test_last_line.py", "torch ", "python 3"):
        assert part in report


def test_a_fault_where_nothing_can_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    code, said = left(capsys, monkeypatch, KeyError("x"))
    assert code == 70
    assert "no report could be written" in said


def test_ctrl_c_before_the_solve_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert left(capsys, monkeypatch, KeyboardInterrupt()) == (
        130,
        "invprior: interrupted; what was not named as done is as it was\n",
    )


def test_memory_and_files_are_the_users(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = left(capsys, monkeypatch, MemoryError())
    assert (code, "not enough memory" in said) == (2, True)
    code, said = left(capsys, monkeypatch, PermissionError(13, "Permission denied", "a.png"))
    assert (code, said) == (2, "invprior: cannot read or write a.png: Permission denied\n")


def test_sigterm_is_ctrl_c(tmp_path: Path) -> None:
    """A scheduler that ends a job gets the best so far."""
    Image.effect_noise((96, 96), 60).convert("RGB").save(tmp_path / "a.png")
    command = "import sys; from invprior.cli.main import run; run()"
    arguments = ["denoise", "a.png", "-o", "b.png", "--preset", "paper", "--preview", "seen.png"]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not (tmp_path / "seen.png").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
    assert (tmp_path / "b.png").exists()


def test_a_reader_that_leaves_costs_no_result(tmp_path: Path) -> None:
    """``invprior … | head -1`` restores all the same."""
    for name in ("a.png", "b.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.effect_noise((12, 9), 60).convert("RGB").save(tmp_path / "in" / name)
    command = "import sys; from invprior.cli.main import run; run()"
    arguments = ["denoise", "in", "-o", "out", "--prior", "tv:0.05", "--iterations", "3"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", command, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 0, said
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"a.png", "b.png", "manifest.jsonl"}
