"""``invprior compare`` in real processes: one command, one bad picture, one crash, one sentence for a mistake."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from invprior.cli.main import app
from tests.study.helpers import pictures

CRASHING = """
import os, torch
from pathlib import Path
from invprior.operators import Identity

class Dies(Identity):
    def forward(self, x):
        if os.getpid() != int(os.environ["INVPRIOR_TEST_PARENT"]):
            os._exit(3)
        return super().forward(x)

    is_identity = False

def make(shape):
    return Dies(shape)
"""


def compare(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_a_study_with_a_bad_picture_and_a_crashing_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashing_study_operator.py").write_text(CRASHING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("INVPRIOR_TEST_PARENT", str(os.getpid()))
    (clean,) = pictures(tmp_path, 1)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    specs = ["--operator", "crashing_study_operator:make", "--operator", "identity", "--noise", "gaussian:0.1"]
    result = compare(clean, tmp_path / "bad.png", *specs, "--prior", "none", "--seeds", "1", "--jobs", "2", "-o", out)
    assert result.exit_code == 1, result.output
    assert "3 of 4 cells failed" in result.output
    assert "failed: bad · identity · gaussian:0.1 · none · seed 0" in result.output
    assert "the worker process died, and again when the cell ran alone" in result.output
    with (out / "results.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert (line["picture"], line["operator_spec"]) == ("chelsea", "identity")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--prior", "tvv"], "there is no prior 'tvv'"),
        (["--operator", "lanczos"], "missing a required argument"),
        (["--noise", "auto"], "estimates the level of degraded files"),
        (["--data", "."], "--data is the folder that the pictures of a study file are in"),
        (["nothing.png"], "there is no picture nothing.png"),
        (["--baseline", "tvv"], "the baseline 'tvv' is not among the compared: 'none', 'tv', 'dip'"),
        (["--device", "tpu"], "the device is auto, cpu or cuda"),
        (["--method", "nlm"], "method 'nlm' is neither module:function nor"),
        (["--method", "no_such_module_at_all:f"], "cannot import no_such_module_at_all"),
        (["--method", "x=program: ./x {input}"], "method 'x' says where to read and to write"),
        (["--time-limit", "0"], "a time limit is a number of seconds above 0"),
        (["--prior", "dip:lr=0.02,fast"], "lr takes a number, got 'fast'"),
    ],
)
def test_a_mistake_is_said_before_anything_is_written(arguments: list[str], says: str, tmp_path: Path) -> None:
    (clean,) = pictures(tmp_path, 1)
    result = compare(clean, *arguments, "-o", tmp_path / "out")
    assert says in str(result.exception)
    assert not (tmp_path / "out").exists()


OTHERS = """
from scipy.ndimage import gaussian_filter

def smooth(y, noise):
    return gaussian_filter(y.numpy(), (0, 10 * noise.sigma, 10 * noise.sigma))
"""


def test_a_function_of_the_current_folder_runs_in_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "methods_of_this_folder.py").write_text(OTHERS)
    monkeypatch.chdir(tmp_path)
    (clean,) = pictures(tmp_path, 1)
    given = ["--noise", "gaussian:0.1", "--prior", "tv:weight=0.01,0.1", "--method", "methods_of_this_folder:smooth"]
    given += ["--method", "half=program: cp {input} {output}", "--seeds", "1", "--jobs", "1"]
    result = compare(clean, *given, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    with (tmp_path / "out" / "results.csv").open() as file:
        lines = list(csv.DictReader(file))
    texts = ["tv:weight=0.01", "tv:weight=0.1", "methods_of_this_folder:smooth", "half"]
    assert [line["prior"] for line in lines] == texts
    assert float(lines[2]["psnr"]) > float(lines[3]["psnr"]) > 15
    assert {line["threads"] for line in lines} == {"1"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "--method methods_of_this_folder:smooth" in page


def test_a_study_file_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('pictures = ["chelsea.png"]')
    result = compare(tmp_path / "study.toml", "--prior", "tv", "-o", tmp_path / "out")
    assert "a study file sets its own pictures" in str(result.exception)


def test_a_baseline_costs_no_cell_and_is_in_the_command_that_repeats(tmp_path: Path) -> None:
    (clean,) = pictures(tmp_path, 1)
    words = [
        clean,
        "--noise",
        "gaussian:0.1",
        "--prior",
        "none",
        "--prior",
        "tikhonov:0.5",
        "--seeds",
        "1",
        "--jobs",
        "1",
    ]
    first = compare(*words, "-o", tmp_path / "out")
    assert "nothing can be concluded about tikhonov:0.5 against none" in " ".join(first.output.split())
    stamps = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "cells").rglob("*.json"))]
    second = compare(*words, "--baseline", "tikhonov:0.5", "--oracle", "-o", tmp_path / "out")
    assert "nothing can be concluded about none against tikhonov:0.5" in " ".join(second.output.split())
    assert [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "cells").rglob("*.json"))] == stamps
    page = (tmp_path / "out" / "report.html").read_text()
    assert "--baseline tikhonov:0.5 --oracle -o" in page
    assert "Sees the truth" in page
    assert (tmp_path / "out" / "figures" / "bars.svg").is_file()


def test_without_matplotlib_a_word_and_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    (clean,) = pictures(tmp_path, 1)
    result = compare(clean, "--prior", "none", "--seeds", "1", "--jobs", "1", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "no figures were drawn: draw() needs matplotlib; pip install matplotlib" in result.output
    assert not (tmp_path / "out" / "figures").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_kill_leaves_no_process_and_the_next_run_does_what_is_missing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    clean = map(str, pictures(tmp_path, 2))
    words = ["compare", *clean, "--noise", "gaussian:0.1", "--prior", "tikhonov:0.1", "--seeds", "40", "-o", str(out)]
    command = [sys.executable, "-c", "from invprior.cli.main import run; run()", *words]
    running = subprocess.Popen(command)
    while len(finished := list(out.glob("cells/[!.]*/run.json"))) < 5:
        time.sleep(0.01)
        assert running.poll() is None
    workers = children(running.pid)
    running.kill()
    running.wait()
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    time.sleep(3)
    assert workers
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert subprocess.run(command, check=False).returncode == 0
    assert len(list(out.glob("cells/[!.]*/run.json"))) == 80
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found
