"""What photographers ask of the command line: strength, masks, files that exist, a prior that is chosen, sentences."""

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
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from invprior.cli.main import app
from invprior.cli.words import parse_factor, parse_seconds, spoken
from invprior.errors import InvpriorError
from tests.cli.here import pixels, run
from tests.helpers import photograph

SIZE = 64
X = np.rint(photograph(size=SIZE, top=60, left=130).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
TV = ["--prior", "tv", "--sigma", "10dn", "--weight", "0.05"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Image.fromarray(X).save(tmp_path / "in.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_strength_mixes_with_the_picture_as_it_was(folder: Path) -> None:
    for strength in ("0", "0.5", "1"):
        run("denoise", "in.png", "-o", f"{strength}.png", *TV, "--strength", strength)
    assert np.array_equal(pixels("0.png"), X)
    half = (pixels("1.png").astype(float) + X) / 2
    assert np.abs(pixels("0.5.png") - half).max() <= 1
    assert not np.array_equal(pixels("1.png"), X)


def test_strength_leaves_holes_restored(folder: Path) -> None:
    hole = np.zeros((SIZE, SIZE), np.uint8)
    hole[20:30, 20:30] = 255
    Image.fromarray(hole).save("hole.png")
    spoiled = np.where(hole[..., None] > 0, np.uint8(0), X)
    Image.fromarray(spoiled).save("spoiled.png")
    run("inpaint", "spoiled.png", "--mask", "hole.png", "-o", "out.png", *TV, "--strength", "0")
    assert np.array_equal(pixels("out.png")[hole == 0], X[hole == 0])
    assert pixels("out.png")[22:28, 22:28].min() > 20


def test_a_file_that_exists_is_not_written_over(folder: Path) -> None:
    Path("out.png").write_bytes(b"precious")
    with pytest.raises(InvpriorError, match=r"^out\.png exists; add --overwrite, or give another name$"):
        run("denoise", "in.png", "-o", "out.png", *TV)
    assert Path("out.png").read_bytes() == b"precious"
    run("denoise", "in.png", "-o", "out.png", *TV, "--overwrite")
    assert pixels("out.png").shape == X.shape


@pytest.mark.parametrize("option", ["--record", "--error-map", "--preview"])
def test_nothing_beside_the_picture_is_written_over(folder: Path, option: str) -> None:
    beside = Path("beside.png")
    beside.write_bytes(b"precious")
    with pytest.raises(InvpriorError, match=r"^beside\.png exists"):
        run("denoise", "in.png", "-o", "out.png", *TV, option, "beside.png")
    assert beside.read_bytes() == b"precious"
    assert not Path("out.png").exists()


def test_a_record_of_several_pictures_replaces_one_and_nothing_else(folder: Path) -> None:
    Path("notes.json").write_text('{"title": "precious"}')
    for source, target in ((["in.png", "in.png"], "many"), ([str(folder)], "tree")):
        with pytest.raises(InvpriorError, match=r"^notes\.json exists and is no record of a run"):
            run("denoise", *source, "-o", target, *TV, "--record", "notes.json")
    assert Path("notes.json").read_text() == '{"title": "precious"}'
    run("denoise", "in.png", "-o", "said.png", *TV, "--record", "notes.json", "--overwrite")
    assert "title" not in json.loads(Path("notes.json").read_text())
    for strength in ("1", "0.5"):
        run("denoise", "in.png", "-o", "out.png", *TV, "--record", "run.json", "--overwrite", "--strength", strength)
    assert json.loads(Path("run.json").read_text())["strength"] == 0.5


def test_a_damaged_jpeg_is_said_to_be_damaged(folder: Path) -> None:
    Image.fromarray(X).save("whole.jpg")
    data = bytearray(Path("whole.jpg").read_bytes())
    begin = data.index(b"\xff\xda") + 14
    data[begin + (len(data) - begin) // 2 :] = (
        b"\xff\xd9"  # the rest of the scan is lost, and the file ends as it should
    )
    Path("bad.jpg").write_bytes(data)
    assert "damaged" not in run("denoise", "whole.jpg", "-o", "a.png", *TV, "--quiet")[1]
    for command in (("denoise", *TV), ("dejpeg", "--prior", "tv", "--iterations", "3")):
        said = run(command[0], "bad.jpg", "-o", "b.png", *command[1:], "--quiet", "--overwrite")[1]
        assert said.startswith("invprior: bad.jpg is damaged (Corrupt JPEG data: premature end of data segment); ")


def test_a_damaged_truth_is_said_and_is_no_truth_of_a_study(folder: Path) -> None:
    Image.fromarray(X).save("whole.jpg")
    data = bytearray(Path("whole.jpg").read_bytes())
    begin = data.index(b"\xff\xda") + 14
    data[begin + (len(data) - begin) // 2 :] = b"\xff\xd9"
    Path("bad.jpg").write_bytes(data)
    assert "bad.jpg is damaged" in run("denoise", "in.png", "-o", "a.png", *TV, "--quiet", "--truth", "bad.jpg")[1]
    with pytest.raises(InvpriorError, match=r"bad\.jpg is damaged .* and would blur wrongly"):
        run("deblur", "in.png", "-o", "b.png", *TV, "--psf", "bad.jpg")
    said = CliRunner().invoke(app, ["compare", "bad.jpg", "-o", "study", "--prior", "none", "--noise", "gaussian:0.1"])
    assert said.exit_code
    assert "nothing to compare with" in said.stderr


def test_moments_replace_no_file_of_others(folder: Path) -> None:
    Path("mo").mkdir()
    Path("mo/journal.jsonl").write_text("precious")
    with pytest.raises(InvpriorError, match="--moments mo holds files"):
        run("denoise", "in.png", "-o", "out.png", *TV, "--moments", "mo")
    assert Path("mo/journal.jsonl").read_text() == "precious"
    run("denoise", "in.png", "-o", "out.png", *TV, "--moments", "mo", "--overwrite")


def test_a_mask_that_leaves_little_is_questioned(folder: Path) -> None:
    mask = np.full((SIZE, SIZE), 255, np.uint8)
    mask[20:30, 20:30] = 0  # as of a mask whose hole is black
    Image.fromarray(mask).save("black.png")
    with pytest.raises(InvpriorError, match=r"makes 98% of the picture a hole.*add --invert-mask if"):
        run("inpaint", "in.png", "--mask", "black.png", "-o", "out.png", *TV)
    run("inpaint", "in.png", "--mask", "black.png", "-o", "a.png", *TV, "--invert-mask")
    run("inpaint", "in.png", "--mask", "black.png", "-o", "b.png", *TV, "--no-invert-mask")
    scattered = np.random.default_rng(0).random((SIZE, SIZE)) < 0.7
    Image.fromarray(255 * scattered.astype(np.uint8)).save("scattered.png")
    run("inpaint", "in.png", "--mask", "scattered.png", "-o", "c.png", *TV)


def test_holes_grow_and_soft_edges_belong_to_them(folder: Path) -> None:
    large = Image.new("L", (8 * SIZE, 8 * SIZE), 0)
    ImageDraw.Draw(large).ellipse((160, 160, 300, 300), fill=255)
    soft = np.asarray(large.resize((SIZE, SIZE), Image.Resampling.BOX))
    Image.fromarray(soft).save("soft.png")
    changed = X.copy()
    changed[soft > 25] = 0
    Image.fromarray(changed).save("marked.png")
    run("inpaint", "marked.png", "--mask", "soft.png", "-o", "out.png", "--prior", "tv")
    assert np.array_equal(pixels("out.png")[soft == 0], X[soft == 0])
    edge = (soft > 25) & (soft < 128)
    assert np.abs(pixels("out.png")[edge].astype(float) - X[edge]).mean() < 25  # a ghost of the edge is black
    one = np.zeros((SIZE, SIZE), np.uint8)
    one[32, 32] = 255
    Image.fromarray(one).save("one.png")
    run("inpaint", "in.png", "--mask", "one.png", "--grow", "3", "-o", "grown.png", "--prior", "tv")
    kept = (pixels("grown.png") == X).all(2)
    assert not kept[32, 29:36].all()
    assert kept[32, :29].all()


def test_a_proposal_is_written_beside_the_picture(folder: Path) -> None:
    slope = np.arange(60, 60 + SIZE, dtype=np.uint8)[:, None, None]
    marked = Image.fromarray(np.broadcast_to(slope, X.shape).copy())
    ImageDraw.Draw(marked).line((4, 10, 60, 50), fill=(255, 255, 255), width=2)
    marked.save("marked.png")
    _, said = run("inpaint", "marked.png", "--mask", "auto:scratches", "-o", "out.png", "--prior", "tv")
    assert "out-mask.png: a proposal, " in said
    assert pixels("out-mask.png").max() == 255
    with pytest.raises(InvpriorError, match="proposes scratches or text, got 'cats'"):
        run("inpaint", "marked.png", "--mask", "auto:cats", "-o", "no.png")
    with pytest.raises(InvpriorError, match="proposes a mask for one picture"):
        run("inpaint", "marked.png", "in.png", "--mask", "auto:text", "-o", "no")


def test_what_was_chosen_is_said_and_recorded(folder: Path) -> None:
    _, said = run("denoise", "in.png", "-o", "out.png", "--record", "run.json")
    assert said == "in.png: prior nonlocal, the best for it\n"
    assert json.loads(Path("run.json").read_text())["prior"] == "nonlocal"
    with pytest.raises(InvpriorError, match="--weight 3 needs a prior that it weighs"):
        run("denoise", "in.png", "-o", "no.png", "--weight", "3")
    with pytest.raises(InvpriorError, match="--time goes with --prior auto"):
        run("denoise", "in.png", "-o", "no.png", "--prior", "tv", "--time", "3m")


def test_the_end_is_told_in_a_sentence_and_in_full_if_asked(folder: Path) -> None:
    said, _ = run("denoise", "in.png", "-o", "a.png", *TV)
    assert said.startswith("a.png: done; 0 s; noise 3.9% of full scale")
    assert "gap" not in said
    said, _ = run("denoise", "in.png", "-o", "b.png", *TV, "--verbose")
    assert "the relative duality gap fell to" in said
    said, _ = run("denoise", "in.png", "-o", "c.png", *TV, "--iterations", "3")
    assert "not fully settled, --iterations 15 helps" in said


def test_a_jpeg_keeps_its_quality(folder: Path) -> None:
    def steps(name: str) -> int:
        with Image.open(name) as image:
            return sum(image.quantization[0])  # type: ignore[attr-defined]

    tables = {}
    for quality in (60, 90):
        Image.fromarray(X).save("in.jpg", quality=quality)
        run("denoise", "in.jpg", "-o", f"{quality}.jpg", *TV)
        tables[quality] = (steps("in.jpg"), steps(f"{quality}.jpg"))
    for before, after in tables.values():
        assert abs(before - after) < 0.05 * before
    run("denoise", "in.jpg", "-o", "q.jpg", *TV, "--quality", "30")
    assert steps("q.jpg") > 1.5 * tables[60][1]


def test_a_tiff_keeps_its_packing(folder: Path) -> None:
    Image.fromarray(X).save("in.tif", compression="tiff_lzw")
    run("denoise", "in.tif", "-o", "out.tif", *TV)
    with Image.open("out.tif") as image:
        assert image.info["compression"] == "tiff_lzw"


@pytest.mark.parametrize(("text", "size"), [("1.5", 96), ("4/3", 86), ("2", 128)])
def test_any_factor_enlarges(folder: Path, text: str, size: int) -> None:
    run("upscale", "in.png", "-o", "out.png", "--factor", text, "--prior", "tv", "--iterations", "20")
    assert pixels("out.png").shape == (size, size, 3)


def test_words_are_read_and_said() -> None:
    assert [parse_seconds(t, "--time") for t in ("90", "90s", "1.5m", "2 min", "1h")] == [90, 90, 90, 120, 3600]
    assert [spoken(s) for s in (5.2, 119, 150, 7300)] == ["5 s", "119 s", "2 min", "2 h 2 min"]
    for wrong in ("soon", "0s", "-3m", ""):
        with pytest.raises(InvpriorError, match="--time takes a duration such as 90s"):
            parse_seconds(wrong, "--time")
    for wrong in ("0.5", "abc", "1/0", "-2"):
        with pytest.raises(InvpriorError, match="--factor takes a number of 1 or more"):
            parse_factor(wrong)


def test_help_has_topics() -> None:
    assert "still noisy" in run("help")[0]
    assert "--strength 0.6" in run("help", "too", "smooth")[0]
    with pytest.raises(InvpriorError, match="there is no topic 'cats'"):
        run("help", "cats")


def test_a_slow_step_is_dropped_by_ctrl_c_and_nothing_is_lost(folder: Path) -> None:
    """Tiles of a network that are stepped for seconds: the end comes at once, and the file that was there stays."""
    Image.fromarray(np.tile(X, (8, 8, 1))).save("large.png")
    Path("out.png").write_bytes(b"precious")
    code = "from invprior.cli.main import run; run()"
    words = [
        "denoise",
        "large.png",
        "-o",
        "out.png",
        "--prior",
        "dip",
        "--sigma",
        "10dn",
        "--tile",
        "128",
        "--overwrite",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    assert "16 tiles" not in (said := process.stderr.readline())
    assert "tiles of 128×128" in said
    time.sleep(4)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert time.monotonic() - begin < 15
    assert process.returncode == 130
    assert Path("out.png").read_bytes() == b"precious"
    assert "is as it was" in rest or Path("out-unfinished.png").exists()


def test_a_job_of_the_background_hears_a_request_to_end(folder: Path) -> None:
    """A shell starts such jobs with Ctrl-C ignored; a scheduler ends them by SIGTERM."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from invprior.cli.main import run; run()"
    words = ["compare", "in.png", "-o", "study", "--noise", "gaussian:0.1", "--prior", "dip", "--jobs", "1"]
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (folder / "study").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(2)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
