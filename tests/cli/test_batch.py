"""Folders of pictures: the same tree, finished files kept, bad ones named, taken up again after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli.main import app
from tests.helpers import photograph, randn

RUNNER = CliRunner()
CLEAN = np.rint(photograph(size=32, top=20, left=100).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
TV = ["--prior", "tv", "--sigma", "0.1", "--weight", "0.1", "--quiet"]
TREE = ["a.png", "deep/b.PNG", "deep/down/c.tif"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k, name in enumerate(TREE):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noisy = CLEAN / 255 + 0.1 * randn(*CLEAN.shape, seed=k).numpy()
        Image.fromarray(np.rint(noisy.clip(0, 1) * 255).astype(np.uint8)).save(path)
    (tmp_path / "in" / "notes.txt").write_text("not a picture, and not named as one")
    (tmp_path / "in" / ".thumbs").mkdir()
    (tmp_path / "in" / ".thumbs" / "a.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    return tmp_path


def run(*arguments: object) -> tuple[int, str]:
    result = RUNNER.invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    return result.exit_code, result.stderr


def tree(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file() and p.name != "manifest.jsonl")


def stamps(path: Path) -> dict[str, int]:
    return {name: (path / name).stat().st_mtime_ns for name in tree(path)}


def test_a_folder_becomes_the_same_tree(folder: Path) -> None:
    assert run("denoise", folder / "in", "-o", folder / "out", *TV, "--record", folder / "run.json") == (0, "")
    assert tree(folder / "out") == TREE
    records = json.loads((folder / "run.json").read_text())
    assert [Path(r["output"]).relative_to(folder / "out").as_posix() for r in records] == TREE
    assert {r["status"] for r in records} == {"converged"}
    with Image.open(folder / "out" / "deep" / "down" / "c.tif") as image:
        assert image.format == "TIFF"


def test_pictures_and_folders_together(folder: Path) -> None:
    (folder / "single.png").write_bytes((folder / "in" / "a.png").read_bytes())
    assert run("denoise", folder / "single.png", folder / "in" / "deep", "-o", folder / "out", *TV)[0] == 0
    assert tree(folder / "out") == ["b.PNG", "down/c.tif", "single.png"]
    with pytest.raises(InvpriorError, match=r"a\.png and .*a\.png would both become .*two/a\.png"):
        run("denoise", folder / "in" / "a.png", folder / "in", "-o", folder / "two", *TV)
    assert not (folder / "two").exists()


def test_finished_files_are_skipped_and_keep_their_records(folder: Path) -> None:
    out = folder / "out"
    run("denoise", folder / "in", "-o", out, *TV)
    before = stamps(out)
    (out / "deep" / "b.PNG").unlink()
    del before["deep/b.PNG"]
    assert run("denoise", folder / "in", "-o", out, *TV, "--record", folder / "run.json")[0] == 0
    after = stamps(out)
    assert after.keys() - before.keys() == {"deep/b.PNG"}
    assert {k: after[k] for k in before} == before
    assert len(json.loads((folder / "run.json").read_text())) == 3
    again = run("denoise", folder / "in", "-o", out, *[t for t in TV if t != "--quiet"])
    assert again == (0, "3 of 3 pictures are finished already\n")


def test_overwrite_does_them_again(folder: Path) -> None:
    out = folder / "out"
    run("denoise", folder / "in", "-o", out, *TV)
    before = stamps(out)
    run("denoise", folder / "in", "-o", out, *TV, "--overwrite")
    after = stamps(out)
    assert all(after[k] > before[k] for k in TREE)


@pytest.mark.parametrize("change", ["settings", "input", "file that was there"])
def test_nothing_is_written_over_unasked(folder: Path, change: str) -> None:
    out, options = folder / "out", list(TV)
    if change == "file that was there":
        out.mkdir()
        (out / "a.png").write_bytes(b"precious")
    else:
        run("denoise", folder / "in", "-o", out, *TV)
    if change == "settings":
        options[5] = "0.2"
    if change == "input":
        Image.fromarray(CLEAN).save(folder / "in" / "a.png")
    before = stamps(out)
    with pytest.raises(InvpriorError, match=r"files in .* were not made by this command.*--overwrite replaces them"):
        run("denoise", folder / "in", "-o", out, *options)
    assert stamps(out) == before
    assert run("denoise", folder / "in", "-o", out, *options, "--overwrite") == (0, "")
    assert all(n > before.get(name, 0) for name, n in stamps(out).items())


def test_a_bad_picture_costs_itself(folder: Path) -> None:
    (folder / "in" / "b-torn.png").write_bytes((folder / "in" / "a.png").read_bytes()[:500])
    code, errors = run("denoise", folder / "in", "-o", folder / "out", *TV)
    assert code == 1
    assert tree(folder / "out") == TREE
    first, last = errors.splitlines()
    assert "b-torn.png is not a picture that can be read" in first
    assert first.endswith("this picture is skipped")
    assert last == f"invprior: 1 of 4 pictures failed, the first {folder / 'in' / 'b-torn.png'}"


def test_a_picture_that_was_named_and_is_none_stops_all(folder: Path) -> None:
    for name in ("no.png", "in/notes.txt"):
        with pytest.raises(InvpriorError, match=r"does not exist|is not a picture"):
            run("denoise", folder / "in" / "a.png", folder / name, "-o", folder / "out", *TV)
    assert not (folder / "out").exists()


def test_a_mistake_in_the_request_stops_all(folder: Path) -> None:
    for option in (["--prior", "gan"], ["--preset", "slow"], ["--noise", "pink:1"]):
        with pytest.raises(InvpriorError, match=r"there is no|no preset"):
            run("denoise", folder / "in", "-o", folder / "out", *option)
    assert not (folder / "out").exists()


def test_results_below_the_inputs_are_no_inputs(folder: Path) -> None:
    out = folder / "in" / "clean"
    for _ in range(2):
        assert run("denoise", folder / "in", "-o", out, *TV) == (0, "")
        assert tree(out) == TREE


def test_a_folder_into_itself_is_refused(folder: Path) -> None:
    before = stamps(folder / "in")
    for more in ((), ("--overwrite",)):
        with pytest.raises(InvpriorError, match=r"OUT of .* would be written over the input"):
            run("denoise", folder / "in", "-o", folder / "in", *TV, *more)
    assert stamps(folder / "in") == before


def test_truths_stand_in_a_folder_of_the_same_tree(folder: Path) -> None:
    for name in TREE:
        path = folder / "truth" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(CLEAN).save(path)
    truth = ["--truth", folder / "truth", "--record", folder / "run.json"]
    assert run("denoise", folder / "in", "-o", folder / "out", *TV, *truth) == (0, "")
    assert all(r["psnr"] > 25 for r in json.loads((folder / "run.json").read_text()))
    (folder / "truth" / "a.png").unlink()
    with pytest.raises(InvpriorError, match=r"1 of 3 truths are missing, the first .*a\.png"):
        run("denoise", folder / "in", "-o", folder / "three", *TV, *truth)
    with pytest.raises(InvpriorError, match="--truth of several pictures must be a folder"):
        run("denoise", folder / "in", "-o", folder / "three", *TV, "--truth", folder / "in" / "a.png")


def test_the_mask_is_part_of_what_is_done(folder: Path) -> None:
    mask = folder / "mask.png"
    hole = np.zeros((32, 32), np.uint8)
    hole[8:12] = 255
    Image.fromarray(hole).save(mask)
    command = ["inpaint", folder / "in", "--mask", mask, "-o", folder / "out", "--prior", "tv", "--quiet"]
    assert run(*command) == (0, "")
    Image.fromarray(hole.T.copy()).save(mask)
    with pytest.raises(InvpriorError, match="3 files in"):
        run(*command)


def test_a_killed_batch_goes_on_where_it_was(folder: Path) -> None:
    """SIGKILL in the second picture: the first is kept as it is, the others come out as without the kill."""
    command = ["denoise", folder / "in", "--sigma", "0.1", "--iterations", "10", "--quiet", "-o"]
    call = [sys.executable, "-c", "from invprior.cli.main import run; run()", *map(str, command)]
    process = subprocess.Popen([*call, str(folder / "out")], stderr=subprocess.PIPE)
    manifest = folder / "out" / "manifest.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (manifest.exists() and len(manifest.read_text().splitlines()) >= 3):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    first = stamps(folder / "out")
    assert "a.png" in first
    with manifest.open("a") as file:
        file.write('{"output": "deep/down/c.t')  # a line torn by the kill
    assert run(*command, folder / "out") == (0, "")
    assert run(*command, folder / "whole") == (0, "")
    assert stamps(folder / "out")["a.png"] == first["a.png"]
    for name in TREE:
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    lines = [json.loads(t) for t in manifest.read_text().splitlines() if t.endswith("}")]
    assert [line["output"] for line in lines if line["record"]] == TREE


def test_two_batches_keep_out_of_one_folder(folder: Path) -> None:
    import fcntl

    (folder / "out").mkdir()
    with (folder / "out" / "manifest.jsonl").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InvpriorError, match="another command writes into"):
            run("denoise", folder / "in", "-o", folder / "out", *TV)
    assert tree(folder / "out") == []


def test_preview_and_a_file_for_a_folder_are_refused(folder: Path) -> None:
    with pytest.raises(InvpriorError, match="--preview goes with one picture"):
        run("denoise", folder / "in", "-o", folder / "out", *TV, "--preview", folder / "p.png")
    (folder / "file").write_text("x")
    with pytest.raises(InvpriorError, match=r"several pictures need a folder, and .*file is a file"):
        run("denoise", folder / "in", "-o", folder / "file", *TV)
