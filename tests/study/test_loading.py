"""A folder is the union of what was solved in it; it is read, narrowed and joined without solving anything."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

import invprior as ip
from invprior import Comparison, InvpriorError, metrics
from tests.study.helpers import Here, pictures


def compare(folder: Path, out: str = "out", n: int = 2, **changes: Any) -> Comparison:
    settings = {"noises": ["gaussian:0.1"], "priors": ["none"], "seeds": 1, **changes}
    return ip.compare(pictures(folder, n), output=folder / out, **settings)


def test_the_table_of_a_folder_is_all_that_was_solved_in_it(tmp_path: Path, workers: Here) -> None:
    compare(tmp_path)
    compare(tmp_path, priors=["tikhonov:0.5"], seeds=2)
    with (tmp_path / "out" / "results.csv").open() as file:
        assert [line["prior"] for line in csv.DictReader(file)] == ["tikhonov:0.5"] * 4 + ["none"] * 2
    whole = Comparison.load(tmp_path / "out")
    assert whole.study.methods == ("none", "tikhonov:0.5")
    assert len(whole.records) == 6
    assert [row.prior for row in whole.rows] == ["none", "tikhonov:0.5"] * 2
    assert len(workers.done) == 6


def test_what_was_solved_is_what_is_loaded(tmp_path: Path, workers: Here) -> None:
    solved = compare(tmp_path, priors=["none", "tikhonov:0.5"], methods=[("half", lambda y: 0.5 * y)])
    for path in tmp_path.glob("*.png"):
        path.unlink()  # a folder is enough
    read = Comparison.load(str(tmp_path / "out"))
    assert read.records == solved.records
    assert read.cells == solved.cells
    assert [(r.prior, r.figures) for r in read.rows] == [(r.prior, r.figures) for r in solved.rows]


def test_cells_of_other_settings_are_no_part_of_the_table(tmp_path: Path, workers: Here) -> None:
    compare(tmp_path, crop=16)
    compare(tmp_path)
    assert len(Comparison.load(tmp_path / "out").records) == 2
    assert len(Comparison.load(tmp_path / "out", crop=16).records) == 2
    with pytest.raises(InvpriorError, match=r"holds no cell with crop 12"):
        Comparison.load(tmp_path / "out", crop=12)


def test_a_selection_is_a_comparison(tmp_path: Path, workers: Here) -> None:
    whole = compare(tmp_path, priors=["none", "tikhonov:0.5", "tikhonov:0.1"], seeds=2)
    part = whole.select(picture="coffee", prior=["none", "tikhonov:0.5"])
    assert part.study.methods == ("none", "tikhonov:0.5")
    assert [row.scene.source.name for row in part.rows] == ["coffee", "coffee"]
    assert len(part.records) == 4
    assert len(part.select(seed=1).records) == 2
    with pytest.raises(InvpriorError, match="no cell with picture 'boat'; there are chelsea, coffee"):
        whole.select(picture="boat")
    merged = Comparison.merge(whole.select(picture="coffee", prior="none"), whole.select(picture="chelsea", seed=1))
    with pytest.raises(InvpriorError, match="no cell with all of these together"):
        merged.select(picture="coffee", prior="tikhonov:0.1")


def test_images_are_as_they_were_solved(tmp_path: Path, workers: Here) -> None:
    result = compare(tmp_path, priors=["none", "tikhonov:0.5"])
    for cell, record in Comparison.load(tmp_path / "out").records.items():
        x, y, truth = result.image(cell), result.measurement(cell), result.truth(cell)
        assert metrics.psnr(x.clamp(0, 1), truth) == pytest.approx(record["psnr"], abs=1e-6)
        if cell.prior == "none":
            assert torch.allclose(x, y, atol=1e-6)
            assert float(x.min()) < 0
    assert torch.equal(result.image(result.cells[0]), result.image(next(iter(result.records))))
    with pytest.raises(InvpriorError, match="a cell is a key of records"):
        result.image(3)  # type: ignore[arg-type]
    next((tmp_path / "out" / "cells").glob("*/restored.npz")).unlink()
    with pytest.raises(InvpriorError, match="run the study's command again"):
        [result.image(cell) for cell in result.records]


def test_two_studies_become_one(tmp_path: Path, workers: Here) -> None:
    one = compare(tmp_path, "one", n=1)
    other = compare(tmp_path, "other", n=2, priors=["none", "tikhonov:0.5"])
    both = Comparison.merge(one, other)
    assert both.study.methods == ("none", "tikhonov:0.5")
    assert len(both.records) == 4
    assert [row.scene.source.name for row in both.rows] == ["chelsea"] * 2 + ["coffee"] * 2
    assert all(bool(both.image(cell).isfinite().all()) for cell in both.records)
    page = both.write(tmp_path / "both")
    text = page.read_text()
    assert text.count('"title": "') == 2  # the scenes of both, with their pictures
    assert "several studies" in text
    assert (tmp_path / "both" / "table.md").read_text() == both.markdown()
    with pytest.raises(InvpriorError, match=r"report\.html exists"):
        both.write(tmp_path / "both")
    both.write(tmp_path / "both", overwrite=True)
    before = one.report.read_bytes()
    for lost in (both.draw, one.select(prior="none").draw, lambda: both.write(tmp_path / "one")):
        with pytest.raises(InvpriorError, match="name a new"):
            lost()
    assert one.report.read_bytes() == before
    assert not (tmp_path / "one" / "figures").exists()
    with pytest.raises(InvpriorError, match="have the same crop, got None and 16"):
        Comparison.merge(one, compare(tmp_path, "cropped", n=1, crop=16))
    (tmp_path / "chelsea.png").write_bytes((tmp_path / "coffee.png").read_bytes())
    changed = ip.compare(
        [tmp_path / "chelsea.png"], output=tmp_path / "changed", noises=["gaussian:0.1"], priors=["none"], seeds=1
    )
    with pytest.raises(InvpriorError, match=r"both have the cell chelsea · identity · gaussian:0.1 · none · seed 0"):
        Comparison.merge(one, changed)


def test_a_folder_that_is_no_study_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match="holds no finished study"):
        Comparison.load(tmp_path / "nothing")
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(InvpriorError, match="is no study"):
        Comparison.load(tmp_path)
