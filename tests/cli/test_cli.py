"""The commands as a user runs them: outputs, records, one sentence for every mistake."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError, noise
from invprior.cli.main import app
from tests.helpers import SCORED_RECORD, over, photograph

RUNNER = CliRunner()
CLEAN = np.rint(photograph(size=48, top=20, left=100).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clean = torch.from_numpy(CLEAN / 255)
    noisy = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0)).clamp(0, 1)
    Image.fromarray(CLEAN).save(tmp_path / "clean.png")
    Image.fromarray(np.rint(noisy.numpy() * 255).astype(np.uint8)).save(tmp_path / "noisy.png")
    hole = np.zeros(CLEAN.shape[:2], np.uint8)
    hole[10:14, 5:40] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    Image.fromarray(255 - hole).save(tmp_path / "known.png")
    Image.fromarray(np.where(hole[..., None] > 0, 0, CLEAN)).save(tmp_path / "holed.png")
    Image.fromarray(CLEAN).resize((24, 24), Image.Resampling.LANCZOS).save(tmp_path / "small.png")
    return tmp_path


def run(*arguments: object) -> str:
    result = RUNNER.invoke(app, over(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def score(path: Path) -> float:
    return float(-10 * np.log10(np.mean((pixels(path) / 255 - CLEAN / 255) ** 2)))


@pytest.mark.parametrize("prior", ["none", "tv", "dip", "dip+tv"])
def test_denoise_with_every_prior(folder: Path, prior: str) -> None:
    out, record = folder / "out.png", folder / "run.json"
    extra = ["--iterations", "40"] if "dip" in prior else []
    text = run(
        "denoise",
        folder / "noisy.png",
        "-o",
        out,
        "--prior",
        prior,
        "--truth",
        folder / "clean.png",
        "--record",
        record,
        *extra,
    )
    run_json = json.loads(record.read_text())
    assert [k for k in SCORED_RECORD if k not in run_json] == []
    assert run_json["psnr"] == pytest.approx(score(out), abs=0.05)
    assert f"PSNR {run_json['psnr']:.2f} dB" in text
    assert run_json["history"][-1]["iteration"] == run_json["iterations"] >= run_json["kept"]
    assert run_json["prior"] == prior
    if prior != "none":
        assert score(out) > score(folder / "noisy.png") + 2
    if "tv" in prior:
        assert run_json["weight"] > 0
        assert "SURE" in run_json["weight_rule"]


def test_inpaint_returns_the_known_pixels_unchanged(folder: Path) -> None:
    hole = pixels(folder / "mask.png") > 0
    for mask, flag in (("mask.png", []), ("known.png", ["--invert-mask"])):
        run(
            "inpaint",
            folder / "holed.png",
            "--mask",
            folder / mask,
            *flag,
            "-o",
            folder / "out.png",
            "--prior",
            "tv",
        )
        out = pixels(folder / "out.png")
        assert np.array_equal(out[~hole], CLEAN[~hole])
        assert score(folder / "out.png") > score(folder / "holed.png") + 8


def test_inpaint_with_a_noise_level_restores_the_known_pixels_too(folder: Path) -> None:
    run(
        "inpaint",
        folder / "noisy.png",
        "--mask",
        folder / "mask.png",
        "-o",
        folder / "out.png",
        "--prior",
        "tv",
        "--sigma",
        0.1,
    )
    hole = pixels(folder / "mask.png") > 0
    assert not np.array_equal(pixels(folder / "out.png")[~hole], pixels(folder / "noisy.png")[~hole])


def test_upscale_beats_bicubic(folder: Path) -> None:
    run(
        "upscale",
        folder / "small.png",
        "-o",
        folder / "out.png",
        "--prior",
        "tv",
        "--factor",
        2,
        "--iterations",
        300,
    )
    with Image.open(folder / "small.png") as small:
        small.resize((48, 48), Image.Resampling.BICUBIC).save(folder / "bicubic.png")
    assert pixels(folder / "out.png").shape == CLEAN.shape
    assert score(folder / "out.png") > score(folder / "bicubic.png")


def test_sixteen_bits_and_alpha_come_through(folder: Path) -> None:
    deep = np.dstack([CLEAN, CLEAN[:, :, :1]]).astype(np.uint16) * 257
    pyvips.Image.new_from_array(deep).copy(interpretation="rgb16").write_to_file(str(folder / "deep.png"))
    run(
        "denoise",
        folder / "deep.png",
        "-o",
        folder / "out.tif",
        "--prior",
        "tv",
        "--sigma",
        0.05,
        "--weight",
        0.03,
    )
    out = pyvips.Image.new_from_file(str(folder / "out.tif")).numpy()
    assert out.dtype == np.uint16
    assert np.array_equal(out[:, :, 3], deep[:, :, 3])
    assert len(np.unique(out[:, :, 0])) > 300
    run("upscale", folder / "deep.png", "-o", folder / "big.png", "--prior", "none", "--factor", 2)
    assert pyvips.Image.new_from_file(str(folder / "big.png")).numpy().shape == (96, 96, 4)


def test_a_bigger_weight_is_smoother(folder: Path) -> None:
    variation = []
    for weight in (0.02, 0.1, 0.5):
        run(
            "denoise",
            folder / "noisy.png",
            "-o",
            folder / "out.png",
            "--prior",
            "tv",
            "--sigma",
            0.1,
            "--weight",
            weight,
        )
        variation.append(np.abs(np.diff(pixels(folder / "out.png").astype(float), axis=0)).sum())
    assert variation == sorted(variation, reverse=True)


def test_a_seed_decides_the_result(folder: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(
            "denoise",
            folder / "noisy.png",
            "-o",
            folder / f"{name}.png",
            "--prior",
            "dip",
            "--iterations",
            3,
            "--seed",
            seed,
            "--quiet",
        )
    assert np.array_equal(pixels(folder / "a.png"), pixels(folder / "b.png"))
    assert not np.array_equal(pixels(folder / "a.png"), pixels(folder / "c.png"))


MISTAKES = {
    "missing": (["denoise", "no.png", "-o", "o.png"], "no.png does not exist"),
    "not a picture": (["denoise", "text.png", "-o", "o.png"], "is not a picture that can be read"),
    "mask of another size": (
        ["inpaint", "holed.png", "--mask", "eye.png", "-o", "o.png"],
        "is 24×24 pixels and the picture 48×48",
    ),
    "mask without known": (
        ["inpaint", "holed.png", "--mask", "white.png", "-o", "o.png"],
        "leaves no pixel known",
    ),
    "NaN": (["denoise", "nan.tif", "-o", "o.tif"], "holds NaN or infinite pixels"),
    "no such folder": (["denoise", "noisy.png", "-o", "no/o.png"], "the folder no does not exist"),
    "unknown suffix": (["denoise", "noisy.png", "-o", "o.xyz"], "the name must end in one of"),
    "over its input": (["denoise", "noisy.png", "-o", "./noisy.png"], "would be written over its own input"),
    "unknown prior": (
        ["denoise", "noisy.png", "-o", "o.png", "--prior", "gan"],
        "no prior 'gan'; choose among",
    ),
    "unknown preset": (
        ["denoise", "noisy.png", "-o", "o.png", "--preset", "x"],
        "no preset 'x'; choose one of",
    ),
    "sigma": (
        ["denoise", "noisy.png", "-o", "o.png", "--sigma", "-1"],
        "--sigma takes auto, a number with dn (in the values of the file) or a positive number",
    ),
    "weight": (
        ["denoise", "noisy.png", "-o", "o.png", "--weight", "much"],
        "--weight takes auto, discrepancy or a positive number",
    ),
    "device": (
        ["denoise", "noisy.png", "-o", "o.png", "--device", "tpu"],
        "the device is auto, cpu or cuda",
    ),
    "truth": (
        ["denoise", "noisy.png", "-o", "o.png", "--truth", "small.png"],
        "the truth small.png has shape",
    ),
    "record": (
        ["denoise", "noisy.png", "-o", "o.png", "--record", "no/r.json"],
        "cannot write no/r.json: the folder no does not exist",
    ),
    "empty folder": (["denoise", "empty", "-o", "o"], "the folder empty holds no picture"),
    "too small": (
        ["denoise", "tiny.png", "-o", "o.png", "--sigma", "0.1", "--prior", "dip"],
        "sides of at least 8",
    ),
    "demo task": (["demo", "--task", "cook"], "--task takes denoise, inpaint, upscale or all"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence_and_writes_nothing(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "text.png").write_text("not a picture")
    pyvips.Image.new_from_array(np.full((48, 48), np.nan, np.float32)).write_to_file(str(folder / "nan.tif"))
    Image.fromarray(np.full((48, 48), 255, np.uint8)).save(folder / "white.png")
    Image.fromarray(255 * np.eye(24, dtype=np.uint8)).save(folder / "eye.png")
    Image.fromarray(CLEAN[:5, :5]).save(folder / "tiny.png")
    (folder / "empty").mkdir()
    (folder / "o.png").write_bytes(b"precious")
    monkeypatch.chdir(folder)
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    arguments, message = MISTAKES[name]
    with pytest.raises(InvpriorError) as error:
        RUNNER.invoke(app, over(arguments), catch_exceptions=False)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def invprior(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from invprior.cli.main import run; run()", *map(str, arguments)]


def test_a_mistake_is_exit_code_two_without_traceback(folder: Path) -> None:
    done = subprocess.run(
        invprior("denoise", "no.png", "-o", folder / "o.png"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "invprior: no.png does not exist\n"
    assert done.stdout == ""


def test_ctrl_c_writes_the_best_so_far(folder: Path) -> None:
    out, record, preview = folder / "out.png", folder / "run.json", folder / "preview.png"
    process = subprocess.Popen(
        invprior(
            "denoise",
            folder / "noisy.png",
            "-o",
            out,
            "--preset",
            "paper",
            "--record",
            record,
            "--preview",
            preview,
            "--iterations",
            100000,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not preview.exists():  # the handler stands once the solve goes on
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    told, *more = errors.splitlines()  # a slow machine is told how far it is, and that this step is still to end
    assert re.fullmatch(r"noisy\.png: takes about .* GB of memory and .*", told)
    assert [line for line in more if not re.match(r"noisy\.png: iteration|invprior: stopping", line)] == []
    assert json.loads(record.read_text())["status"] == "interrupted"
    assert pixels(out).shape == CLEAN.shape


def test_info_names_what_matters() -> None:
    text = run("info")
    for word in ("python", "torch", "device", "threads", "priors", "dip", "tv", "paper"):
        assert word in text


def test_demo_of_one_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invprior.cli.demo.ITERATIONS", 120)
    monkeypatch.setattr("invprior.cli.demo.SIZE", 64)
    text = run("demo", "--task", "upscale", "-o", tmp_path / "demo", "--quiet")
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == [
        "demo.png",
        "upscale-dip.json",
        "upscale-none.json",
        "upscale-tv.json",
    ]
    scores = {
        p: json.loads((tmp_path / "demo" / f"upscale-{p}.json").read_text())["psnr"] for p in ("none", "tv", "dip")
    }
    assert all(f"{v:.2f}" in text for v in scores.values())
    assert min(scores["tv"], scores["dip"]) > scores["none"]
    with Image.open(tmp_path / "demo" / "demo.png") as sheet:
        assert sheet.width > 5 * 2 * 64
