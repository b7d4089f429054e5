"""The command ``video`` as a user runs it: real files, interruptions, one sentence for every mistake."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from invprior import InvpriorError, Result, noise, operators, solve
from invprior.cli.main import CtrlCError, app
from invprior.io.video import Reader, encode, read_clip
from tests.films import audio_packets, make_film, moving
from tests.helpers import SCORED_RECORD, psnr

RUNNER = CliRunner()
CLEAN = moving(12)
QUICK = ["--sigma", "0.1", "--weight", "0.05", "--iterations", "40"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    generator = torch.Generator().manual_seed(0)
    make_film(tmp_path / "clean.mkv", CLEAN)
    make_film(tmp_path / "noisy.mkv", noise.Gaussian(0.1).sample(CLEAN, generator).clamp(0, 1), audio="flac")
    hole = np.zeros(CLEAN.shape[-2:], np.uint8)
    hole[20:28, 20:40] = 255
    Image.fromarray(hole).save(tmp_path / "logo.png")
    make_film(tmp_path / "holed.mkv", CLEAN * torch.from_numpy(hole == 0))
    holes = torch.zeros_like(CLEAN)
    for t in range(12):
        holes[t, :, 8:16, 4 * t : 4 * t + 8] = 1
    make_film(tmp_path / "holes.mkv", holes)
    make_film(tmp_path / "torn.mkv", CLEAN * (1 - holes))
    make_film(tmp_path / "small.mkv", operators.Lanczos(CLEAN.shape[1:], factor=2)(CLEAN).clamp(0, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> str:
    result = RUNNER.invoke(app, ["video", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def film(path: Path | str) -> Tensor:
    clip = read_clip(path)
    with Reader(clip) as reader:
        return reader.read(0, len(clip))


@pytest.mark.parametrize("prior", ["none", "frame-tv", "tv", "motion-tv", "tikhonov"])
def test_denoise(folder: Path, prior: str) -> None:
    text = run(
        *("noisy.mkv", "-o", "out.mkv", "--prior", prior, *(QUICK if prior != "none" else QUICK[:2]), "--window", 5),
        *("--truth", "clean.mkv"),
        *("--record", "run.json"),
    )
    record = json.loads((folder / "run.json").read_text())
    assert [k for k in SCORED_RECORD if k not in record] == []
    assert [w["frames"] for w in record["windows"]] == [[0, 5], [5, 10], [10, 12]]
    assert f"PSNR {record['psnr']:.2f} dB" in text
    out = film("out.mkv")
    assert np.mean([psnr(a, b) for a, b in zip(out, CLEAN, strict=True)]) == pytest.approx(record["psnr"], abs=0.7)
    assert audio_packets(folder / "out.mkv") == audio_packets(folder / "noisy.mkv")
    assert read_clip("out.mkv").times == read_clip("noisy.mkv").times
    if prior != "none":
        assert psnr(out, CLEAN) > psnr(film("noisy.mkv"), CLEAN) + 1
    assert not (folder / "out.mkv.parts").exists()


def test_level_and_weight_are_found_once_for_the_film(folder: Path) -> None:
    run("noisy.mkv", "-o", "out.mkv", "--prior", "tv", "--window", 6, "--record", "run.json", "--iterations", 100)
    record = json.loads((folder / "run.json").read_text())
    assert record["sigma"] == pytest.approx(0.1, rel=0.1)
    assert record["noise_rule"] == "estimated"
    assert record["weight_rule"] == "least Monte-Carlo SURE"
    assert psnr(film("out.mkv"), CLEAN) > psnr(film("noisy.mkv"), CLEAN) + 6


def test_upscale(folder: Path) -> None:
    run("small.mkv", "-o", "out.mp4", "--task", "upscale", "--factor", 2, "--prior", "motion-tv", "--iterations", 100)
    bicubic = torch.nn.functional.interpolate(film("small.mkv"), scale_factor=2, mode="bicubic", align_corners=False)
    assert read_clip("out.mp4").shape == (3, 48, 64)
    assert psnr(film("out.mp4"), CLEAN) > psnr(bicubic.clamp(0, 1), CLEAN)


@pytest.mark.parametrize(("source", "mask"), [("holed.mkv", "logo.png"), ("torn.mkv", "holes.mkv")])
def test_inpaint_with_one_mask_or_one_a_frame(folder: Path, source: str, mask: str) -> None:
    arguments = [
        "-o",
        "out.mkv",
        "--task",
        "inpaint",
        "--mask",
        mask,
        "--prior",
        "tv",
        "--codec",
        "ffv1",
        "--weight",
        0.001,
    ]
    run(source, *arguments, "--iterations", 200, "--window", 5)
    out, before = film("out.mkv"), film(source)
    if mask.endswith("png"):
        with Image.open(mask) as image:
            hole = torch.from_numpy(np.array(image) > 127)
    else:
        hole = film(mask).mean(1) > 0.5
    known = ~hole.expand(12, -1, -1)[:, None].expand_as(out)
    assert (out[known] - before[known]).abs().max() < 2.5 / 255  # rounded to 8 bits of another colour space
    assert psnr(out, CLEAN) > psnr(before, CLEAN) + 8


def test_a_part_of_the_film(folder: Path) -> None:
    run("noisy.mkv", "-o", "out.mkv", "--frames", "3:8", "--prior", "tv", *QUICK)
    run("noisy.mkv", "-o", "all.mkv", "--prior", "tv", *QUICK)
    assert len(read_clip("out.mkv")) == 5
    assert read_clip("out.mkv").times[0] == 0
    assert (film("out.mkv") - film("all.mkv")[3:8]).abs().mean() < 0.02


def test_odd_sizes_are_said(folder: Path) -> None:
    make_film(folder / "odd.mkv", CLEAN[:3, :, :47, :63], "ffv1", "yuv420p")
    result = RUNNER.invoke(app, ["video", "odd.mkv", "-o", "out.mp4", "--prior", "tv", *QUICK])
    assert result.exit_code == 0
    assert "frames are padded by 1 row and 1 column at the lower right" in result.output
    assert read_clip("out.mp4").shape == (3, 48, 64)


COMMAND = [sys.executable, "-c", "from invprior.cli.main import run; run()", "video", "noisy.mkv", "-o", "out.mkv"]
LONG = ["--prior", "tv", "--sigma", "0.1", "--weight", "0.05", "--window", "3", "--iterations", "60"]


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(folder: Path) -> None:
    run("noisy.mkv", "-o", "whole.mkv", *LONG)
    slow = [*COMMAND, *LONG]
    process = subprocess.Popen(slow, cwd=folder, stderr=subprocess.PIPE, text=True)
    while not (folder / "out.mkv.parts" / "00000.json").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    if process.returncode == 130:
        done = len(read_clip("out.mkv"))
        assert 3 <= done < 12
        assert done % 3 == 0
        assert "run the same command again to resume" in errors
        assert psnr(film("out.mkv"), CLEAN[:done]) > 25
        with pytest.raises(InvpriorError, match=r"holds the unfinished work of another run \(weight changed\)"):
            run("noisy.mkv", "-o", "out.mkv", *LONG, "--weight", "0.06")
        again = RUNNER.invoke(app, slow[3:], catch_exceptions=False)
        assert again.exit_code == 0
        assert f"resuming after the {done} frames" in again.stderr
    assert (folder / "out.mkv").read_bytes() == (folder / "whole.mkv").read_bytes()
    assert not (folder / "out.mkv.parts").exists()


def test_a_film_that_is_there_is_written_over_only_if_that_is_said(folder: Path) -> None:
    shutil.copy("clean.mkv", "out.mkv")
    before = Path("out.mkv").read_bytes()
    with pytest.raises(InvpriorError, match=r"out.mkv exists; add --overwrite, or give another name"):
        run("noisy.mkv", "-o", "out.mkv", *LONG)
    assert not Path("out.mkv.parts").exists()
    slow = [*COMMAND, *LONG, "--overwrite"]
    process = subprocess.Popen(slow, cwd=folder, stderr=subprocess.PIPE, text=True)
    while not Path("out.mkv.parts/00000.json").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    if process.returncode == 130:  # what is not finished goes beside it
        assert Path("out.mkv").read_bytes() == before
        assert 3 <= len(read_clip("out-unfinished.mkv")) < 12
        run("noisy.mkv", "-o", "out.mkv", *LONG)  # leave to write over it was given when it was begun
    run("noisy.mkv", "-o", "whole.mkv", *LONG)
    assert Path("out.mkv").read_bytes() == Path("whole.mkv").read_bytes()


def test_a_power_cut_loses_one_window(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("noisy.mkv", "-o", "whole.mkv", *LONG)
    made: list[Path] = []

    def cut(path: Path, *arguments: object) -> None:
        made.append(path)
        if len(made) == 3:
            raise RuntimeError("power")
        encode(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("invprior.cli.video.run.encode", cut)
    with pytest.raises(RuntimeError, match="power"):
        run("noisy.mkv", "-o", "out.mkv", *LONG)
    del made[2]
    made.append(folder / "restart")
    run("noisy.mkv", "-o", "out.mkv", *LONG)
    assert [p.name for p in made] == ["00000.mkv", "00001.mkv", "restart", "00002.mkv", "00003.mkv"]
    assert (folder / "out.mkv").read_bytes() == (folder / "whole.mkv").read_bytes()


def test_ctrl_c_in_the_first_window_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(folder.rglob("*"))

    def struck(*arguments: Any, **settings: Any) -> Result:
        signal.raise_signal(signal.SIGINT)
        return solve(*arguments, **settings)

    monkeypatch.setattr("invprior.runs.restoration.solve", struck)
    result = RUNNER.invoke(app, ["video", "noisy.mkv", "-o", "out.mkv", *LONG])
    assert isinstance(result.exception, CtrlCError)  # a sentence, and exit code 130
    assert sorted(folder.rglob("*")) == before


def test_a_folder_without_finished_windows_is_of_no_account(folder: Path) -> None:
    (folder / "out.mkv.parts").mkdir()
    (folder / "out.mkv.parts" / "request.json").write_text("{}")
    run("noisy.mkv", "-o", "out.mkv", *LONG)
    assert not (folder / "out.mkv.parts").exists()


MISTAKES = {
    "missing": (["no.mp4"], "no.mp4 does not exist"),
    "no film": (["logo.png", "--truth", "text.txt"], "text.txt is not a film"),
    "text": (["text.txt"], "text.txt is not a film that can be read"),
    "broken": (["broken.mkv"], "is damaged or breaks off after"),
    "beyond": (["noisy.mkv", "--frames", "20:30"], "holds 12 frames, and none from number 20 on"),
    "range": (["noisy.mkv", "--frames", "8:3"], "--frames takes FIRST:END"),
    "task": (["noisy.mkv", "--task", "cook"], "--task takes denoise, upscale, inpaint, deblur, got 'cook'"),
    "no mask": (["noisy.mkv", "--task", "inpaint"], "--task inpaint needs --mask"),
    "mask": (["noisy.mkv", "--mask", "logo.png"], "--mask goes with --task inpaint"),
    "small mask": (["small.mkv", "--task", "inpaint", "--mask", "logo.png"], "is 64×48 pixels and the film 32×24"),
    "short mask": (["noisy.mkv", "--task", "inpaint", "--mask", "short.mkv"], "holds 3 frames, and the film needs 12"),
    "prior": (["noisy.mkv", "--prior", "gan"], "no prior 'gan' for films; choose among"),
    "codec": (["noisy.mkv", "--codec", "libnone"], "has no encoder 'libnone'"),
    "truth": (["noisy.mkv", "--truth", "small.mkv"], r"the truth small.mkv has 12 frames of shape \(3, 24, 32\)"),
    "memory": (["noisy.mkv", "--memory", "0.1"], "a window of this film takes at least .* GB; give --memory"),
    "preview": (["noisy.mkv", "--preview", "p.png"], "--preview is for pictures"),
    "sigma": (
        ["noisy.mkv", "--sigma", "-1"],
        "--sigma takes auto, a number with dn ",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence_and_writes_nothing(folder: Path, name: str) -> None:
    (folder / "text.txt").write_text("no film")
    make_film(folder / "short.mkv", CLEAN[:3])
    data = (folder / "noisy.mkv").read_bytes()
    (folder / "broken.mkv").write_bytes(data[: len(data) // 2])
    arguments, message = MISTAKES[name]
    before = sorted(folder.rglob("*"))
    with pytest.raises(InvpriorError, match=message):
        run("-o", "out.mp4" if name != "codec" else "out.mkv", *("--prior", "tv"), *arguments)
    assert sorted(folder.rglob("*")) == before


def test_a_suffix_and_a_folder_and_the_input_itself(folder: Path) -> None:
    for target, message in (
        ("out.gif", "must end in one of"),
        ("no/out.mp4", "the folder no does not exist"),
        ("noisy.mkv", "over its own input"),
    ):
        with pytest.raises(InvpriorError, match=message):
            run("noisy.mkv", "-o", target, "--prior", "tv")


def test_dip_goes_on_from_the_window_before_and_resumes_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["noisy.mkv", "--prior", "dip", "--sigma", 0.1, "--window", 4, "--iterations", 6, "--frames", "0:8"]
    run(*arguments, "-o", "whole.mkv")
    with monkeypatch.context() as patch:
        patch.setattr("invprior.runs.restoration.solve", _fails_at(2))
        with pytest.raises(RuntimeError, match="power"):
            run(*arguments, "-o", "out.mkv")
    assert [p.name for p in sorted((folder / "out.mkv.parts").glob("*.pt"))] == ["00000.pt"]
    run(*arguments, "-o", "out.mkv")
    assert (folder / "out.mkv").read_bytes() == (folder / "whole.mkv").read_bytes()
    later = film("whole.mkv")[4:]
    assert psnr(later, CLEAN[4:8]) > psnr(film("whole.mkv")[:4], CLEAN[:4])  # it had twice the iterations


def _fails_at(n: int) -> Callable[..., Result]:
    calls = []

    def solve_or_fail(*arguments: Any, **settings: Any) -> Result:
        calls.append(n)
        if len(calls) == n:
            raise RuntimeError("power")
        return solve(*arguments, **settings)

    return solve_or_fail
