"""A study: what its cells are, what lies on disk, and that it goes on where it was cut off."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invprior import InvpriorError
from invprior.io import read
from invprior.io.whole import OWN
from invprior.study.comparison import Progress, run_study, trial
from invprior.study.file import read_study
from invprior.study.plan import Study
from invprior.study.published import Published
from invprior.study.source import open_source, sources
from invprior.study.store import Store
from tests.study.helpers import Here, pictures


def quick(folder: Path, **changes: Any) -> Study:
    settings: dict[str, Any] = {
        "sources": sources(pictures(folder), []),
        "noises": ("gaussian:0.1",),
        "priors": ("none", "tikhonov:0.1"),
        "seeds": 2,
    }
    return Study(**{**settings, **changes})


def test_every_cell_is_on_disk(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path)
    result = run_study(study, tmp_path / "out")
    assert len(result.records) == len(workers.done) == 8
    assert not result.failures
    with (tmp_path / "out" / "results.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 8
    for line in lines:
        folder = tmp_path / "out" / line["folder"]
        record = json.loads((folder / "run.json").read_text())
        assert float(line["psnr"]) == record["psnr"]
        assert (record["picture"], record["prior"], record["seed"]) == (
            line["picture"],
            line["prior"],
            int(line["seed"]),
        )
        assert read(folder / "restored.png").x.shape == (3, 24, 24)


def test_a_finished_study_does_nothing_again(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path)
    first = run_study(study, tmp_path / "out")
    workers.done.clear()
    second = run_study(study, tmp_path / "out")
    assert workers.done == []
    assert [r["psnr"] for r in first.cells] == [r["psnr"] for r in second.cells]


def test_cut_off_anywhere_nothing_is_lost_and_nothing_done_twice(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path, seeds=25)  # 100 cells
    rng = random.Random(0)

    class CutError(Exception):
        pass

    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    for number in range(10):
        last = len(workers.done) + rng.randrange(1, 12)

        def listen(progress: Progress, last: int = last) -> None:
            if progress.latest is not None and len(workers.done) >= last:
                raise CutError

        with pytest.raises(CutError):
            run_study(study, tmp_path / "out", listener=listen)
        # what a kill in the middle of writing leaves behind
        torn = tmp_path / "out" / "cells" / f"{OWN}{process.pid}-{number:08d}"
        torn.mkdir()
        (torn / "restored.png").write_bytes(b"\x89PNG")
        with (tmp_path / "out" / "results.csv").open("a") as file:
            file.write("chelsea,iden")
    result = run_study(study, tmp_path / "out")
    assert len(workers.done) == len(set(workers.done)) == 100
    assert len(result.records) == 100
    assert not list((tmp_path / "out" / "cells").glob(".*"))
    with (tmp_path / "out" / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 100


def test_only_what_changed_is_done_again(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path)
    run_study(study, tmp_path / "out")
    workers.done.clear()
    run_study(quick(tmp_path, priors=("none", "tikhonov:0.1", "tikhonov:0.2")), tmp_path / "out")
    assert len(workers.done) == 4
    assert all("tikhonov:0.2" in cell for cell in workers.done)
    workers.done.clear()
    Image.fromarray(np.full((24, 24, 3), 99, np.uint8)).save(tmp_path / "coffee.png")
    result = run_study(study, tmp_path / "out")
    assert len(workers.done) == 4
    assert all("coffee" in cell for cell in workers.done)
    assert len(result.records) == 8


def test_a_bad_picture_costs_its_cells(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path)
    (tmp_path / "coffee.png").write_bytes(b"this is no picture")
    result = run_study(study, tmp_path / "out")
    assert {cell.scene.source.name for cell in result.records} == {"chelsea"}
    assert {cell.scene.source.name for cell in result.failures} == {"coffee"}
    assert all("not a picture" in failure for failure in result.failures.values())
    assert [row.scene.source.name for row in result.rows] == ["chelsea", "chelsea"]


def test_two_studies_do_not_share_a_folder(tmp_path: Path, workers: Here) -> None:
    with Store(tmp_path / "out").opened(), pytest.raises(InvpriorError, match="another command writes"):
        run_study(quick(tmp_path), tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvpriorError, match="cannot write into"):
        run_study(quick(tmp_path), tmp_path / "file")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "cells").write_text("")
    with pytest.raises(InvpriorError, match=r"cannot write into .*taken"):
        run_study(quick(tmp_path), tmp_path / "taken")


def test_all_priors_see_one_measurement_and_each_seed_another(tmp_path: Path) -> None:
    study = quick(tmp_path, operators=("mask:0.5",))
    scene = study.scenes[0]
    first, again, other = (trial(study, scene, seed) for seed in (0, 0, 1))
    assert torch.equal(first.y, again.y)
    assert not torch.equal(first.y, other.y)
    assert torch.equal(first.truth, other.truth)
    holes = first.y == 0
    assert 0.3 < float(holes.float().mean()) < 0.7


def test_no_two_pictures_share_a_noise_field_or_a_mask(tmp_path: Path) -> None:
    study = quick(tmp_path, operators=("identity", "mask:0.5"), noises=("gaussian:0.01",))
    one, one_masked, other, other_masked = (trial(study, scene, 0) for scene in study.scenes)
    fields = torch.stack([(t.y - t.truth).flatten() for t in (one, other)])
    assert abs(float(torch.corrcoef(fields)[0, 1])) < 0.1
    assert not torch.equal(one_masked.y == 0, other_masked.y == 0)
    shutil.copy(tmp_path / "chelsea.png", tmp_path / "renamed.png")
    renamed = quick(tmp_path, sources=sources([tmp_path / "renamed.png"], []), noises=("gaussian:0.01",))
    assert torch.equal(trial(renamed, renamed.scenes[0], 0).y, one.y)
    seeds = {(cell.scene.source.name, cell.seed): cell.solve_seed for cell in study.cells()}
    assert len(set(seeds.values())) == len(seeds) == 4


def test_measurements_are_kept_as_they_are_and_at_once(tmp_path: Path, workers: Here) -> None:
    study = quick(tmp_path)

    def listen(progress: Progress) -> None:
        if progress.latest is not None:
            assert list((tmp_path / "out" / "pictures").glob("chelsea--*--seed0-*.npz"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path / "out", listener=listen)
    result = run_study(study, tmp_path / "out")
    scene = study.scenes[0]
    (path,) = (tmp_path / "out" / "pictures").glob("chelsea--*--seed0-*.npz")
    held, given = np.load(path), trial(study, scene, 0)
    assert np.array_equal(held["y"], given.y.numpy())
    assert float(given.y.min()) < 0  # 8 bits would have cut that off
    assert np.array_equal(held["truth"], given.truth.numpy())
    path.unlink()
    path.with_suffix(".png").unlink()
    workers.done.clear()
    run_study(study, tmp_path / "out")
    assert workers.done == []
    assert np.array_equal(np.load(path)["y"], given.y.numpy())
    assert len(result.records) == 8


def test_threads_are_part_of_what_a_cell_is(tmp_path: Path, workers: Here) -> None:
    keys = [{cell.key for cell in quick(tmp_path, threads=n).cells()} for n in (1, 2)]
    assert not keys[0] & keys[1]
    with pytest.raises(InvpriorError, match="threads takes a whole number from 1"):
        quick(tmp_path, threads=0)


def test_rounded_data_are_those_of_an_8_bit_file(tmp_path: Path) -> None:
    study = quick(tmp_path, operators=("lanczos:2",), noises=("rounding",))
    y = trial(study, study.scenes[0], 0).y * 255
    assert torch.allclose(y, y.round(), atol=1e-4)
    assert float(y.min()) >= 0
    assert float(y.max()) <= 255


def test_degraded_files_are_taken_as_they_are(tmp_path: Path) -> None:
    clean, noisy = pictures(tmp_path)
    study = Study(sources=sources([clean], [noisy]), noises=("auto", "gaussian:0.2"), crop=16)
    auto, given = (trial(study, scene, 0) for scene in study.scenes)
    assert torch.equal(auto.y, read(noisy).x[:, 4:20, 4:20])
    assert torch.equal(auto.truth, read(clean).x[:, 4:20, 4:20])
    assert float(given.measured.data[0].sigma) == pytest.approx(0.2)
    assert not auto.measured.exact
    masked = Study(sources=sources([clean], [noisy]), operators=("mask:zeros",), noises=("auto",))
    assert trial(masked, masked.scenes[0], 0).measured.exact
    wrong = Study(sources=sources([clean], [noisy]), operators=("lanczos:2",), noises=("auto",))
    with pytest.raises(InvpriorError, match="the degraded picture has shape"):
        trial(wrong, wrong.scenes[0], 0)


def test_sources_are_checked(tmp_path: Path) -> None:
    first, second = pictures(tmp_path)
    with pytest.raises(InvpriorError, match=r"no picture .*nothing.png"):
        sources([tmp_path / "nothing.png"], [])
    with pytest.raises(InvpriorError, match="do not pair up"):
        sources([first, second], [first])
    (tmp_path / "other").mkdir()
    shutil.copy(first, tmp_path / "other" / first.name)
    with pytest.raises(InvpriorError, match="two pictures are named 'chelsea'"):
        sources([first, tmp_path / "other" / first.name], [])
    (source,) = sources([first], [])
    with pytest.raises(InvpriorError, match="too small"):
        open_source(source, 25)
    Image.fromarray(np.zeros((24, 24, 3), np.uint8)).convert("CMYK").save(tmp_path / "four.tif")
    with pytest.raises(InvpriorError, match="4 channels"):
        open_source(sources([tmp_path / "four.tif"], [])[0], None)
    assert torch.equal(open_source(source, 10).truth, read(first).x[:, 7:17, 7:17])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"priors": ("tv", "tv")}, "prior 'tv' is given twice"),
        ({"priors": ()}, "at least one prior"),
        ({"priors": ("tvv",)}, "no prior 'tvv'"),
        ({"operators": ("nothing",)}, "no operator 'nothing'"),
        ({"noises": ("auto",)}, "estimates the level of degraded files"),
        ({"seeds": 0}, "seeds takes a whole number"),
    ],
)
def test_a_study_is_checked_before_it_runs(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=says):
        quick(tmp_path, **changes)


def test_a_study_file_is_the_study(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "study.toml").write_text(
        'title = "Two"\n'
        'pictures = ["chelsea.png", {clean = "coffee.png", degraded = "chelsea.png", name = "mug"}]\n'
        'operators = ["mask:0.5"]\nnoises = ["gaussian:0.1"]\npriors = ["tv:0.1", "none"]\ncrop = 16\n'
        '[published]\nfigure = "psnr"\n'
        'metric = "PSNR"\ncolumns = ["theirs", "ours"]\n[published.figures]\nmug = [20.5, nan]\n'
    )
    study = read_study(tmp_path / "study.toml", None, seeds=None, crop=None, iterations=None)
    assert [s.name for s in study.sources] == ["chelsea", "mug"]
    assert study.sources[1].degraded == tmp_path / "chelsea.png"
    assert (study.priors, study.crop, study.seeds, study.title) == (("tv:0.1", "none"), 16, 3, "Two")
    assert study.published == (Published("psnr", "PSNR", ("theirs", "ours"), {"mug": (20.5, None)}),)
    other = read_study(tmp_path / "study.toml", tmp_path, seeds=1, crop=0, iterations=7)
    assert (other.seeds, other.crop, other.iterations) == (1, None, 7)


SEVERAL = 'pictures = ["chelsea.png"]\noperators = ["identity", "lanczos:2"]\n'
PRINTED = '[[published]]\nfigure = "psnr"\nmetric = "PSNR"\ncolumns = ["a"]\nfigures = {chelsea = [20.5]}\n'


def test_published_figures_stand_where_they_belong(tmp_path: Path) -> None:
    pictures(tmp_path)
    both = PRINTED + 'operator = "lanczos:2"\n' + PRINTED.replace("20.5", "30.5") + 'operator = "identity"\n'
    (tmp_path / "study.toml").write_text(SEVERAL + 'baseline = "dip"\noracle = true\n' + both)
    study = read_study(tmp_path / "study.toml", None, seeds=None, crop=None, iterations=None)
    assert [
        [t.number("chelsea", "a") for t in study.published if t.stands(A, "rounding")] for A in study.operators
    ] == [
        [30.5],
        [20.5],
    ]
    assert (study.baseline, study.oracle) == ("dip", True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pictures = [", "is not TOML"),
        ("", "a study needs pictures"),
        ('pictures = ["a.png"]\nprior = ["tv"]', "a study has no 'prior'"),
        ('pictures = ["a.png"]\npriors = "tv"', "priors must be a list"),
        ('pictures = ["chelsea.png"]\npriors = [3]', "priors must be a list of texts"),
        ('pictures = [{file = "a.png"}]', "a picture is a file name or"),
        ('pictures = ["a.png"]', "no picture .*a.png"),
        ('pictures = ["chelsea.png"]\nseeds = "3"', "seeds takes a whole number"),
        ('pictures = ["chelsea.png"]\n[published]\ncolumns = []', "published takes figure"),
        (
            'pictures = ["chelsea.png"]\npublished = {figure="psnr", metric="", columns=["a"], figures={x=[1, 2]}}',
            "2 numbers for 1 columns",
        ),
        (SEVERAL + PRINTED, "the published figures do not say to which operator they belong; add operator = one of"),
        (SEVERAL + PRINTED + 'operator = "lanczos:3"', "belong to operator 'lanczos:3', which is not in the study"),
        ('pictures = ["chelsea.png"]\nbaseline = "box"', "the baseline 'box' is not among the compared"),
        ('pictures = ["chelsea.png"]\nbaseline = 3', "the baseline 3 is not among the compared"),
        ('pictures = ["chelsea.png"]\noracle = "yes"', "oracle takes true or false, got 'yes'"),
    ],
)
def test_a_wrong_study_file_is_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(InvpriorError, match=says):
        read_study(tmp_path / "study.toml", None, seeds=None, crop=None, iterations=None)


STUDIES = sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.toml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_of_the_docs_are_studies(path: Path, tmp_path: Path) -> None:
    for name in re.findall(r'["/:]?([\w/]+\.(?:png|jpg))', path.read_text(encoding="utf-8")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures(tmp_path, 1)[0], tmp_path / name)
    study = read_study(path, tmp_path, seeds=None, crop=None, iterations=None)
    assert {"tv", "dip"} <= set(study.priors)
    assert len(study.published) == (path.stem != "twelve")
    for published in study.published:
        assert set(published.figures) == {source.name for source in study.sources}
        assert (published.operator, published.noise) in {(A, noise) for A in study.operators for noise in study.noises}
