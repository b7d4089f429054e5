"""The folder of a study: only its own, and what is broken in it is done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from invprior import InvpriorError
from invprior.study.comparison import run_study
from invprior.study.plan import Study
from invprior.study.source import sources
from invprior.study.store import readable
from tests.study.helpers import Here, pictures


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    workers = Here()
    workers.install(monkeypatch)
    return workers


def study(folder: Path) -> Study:
    return Study(sources=sources(pictures(folder, 1), []), priors=("none",), seeds=1)


def test_a_folder_that_is_no_study_is_left_alone(tmp_path: Path, here: Here) -> None:
    asked = study(tmp_path)
    (tmp_path / "pictures" / ".git").mkdir(parents=True)
    (tmp_path / "results.csv").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvpriorError, match="and is no study; give a new or empty folder"):
        run_study(asked, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "results.csv").read_text() == "mine"


def test_what_is_hidden_in_a_study_and_not_ours_stays(tmp_path: Path, here: Here) -> None:
    run_study(study(tmp_path), tmp_path / "out")
    kept = tmp_path / "out" / "cells" / ".notes"
    kept.write_text("mine")
    run_study(study(tmp_path), tmp_path / "out")
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"null", b"\xff\xfe\x00", b'{"key": 3}'])
def test_a_cut_record_is_a_cell_to_be_solved(tmp_path: Path, here: Here, content: bytes) -> None:
    run_study(study(tmp_path), tmp_path / "out")
    (record,) = (tmp_path / "out" / "cells").glob("*/run.json")
    record.write_bytes(content)
    again = run_study(study(tmp_path), tmp_path / "out")
    assert len(here.done) == 2
    assert len(again.records) == 1
    run_study(study(tmp_path), tmp_path / "out")
    assert len(here.done) == 2


@pytest.mark.parametrize("gone", [True, False])
def test_a_missing_picture_is_a_cell_to_be_solved(tmp_path: Path, here: Here, gone: bool) -> None:
    run_study(study(tmp_path), tmp_path / "out")
    (picture,) = (tmp_path / "out" / "cells").glob("*/restored.png")
    picture.unlink() if gone else picture.write_bytes(b"")
    assert not run_study(study(tmp_path), tmp_path / "out").failures
    assert len(here.done) == 2


def test_names_that_a_file_name_cannot_show_stay_apart() -> None:
    names = ("写真", "絵画", "a b", "a_b", "x" * 300, "x" * 301)
    assert len({readable(name) for name in names}) == 6
    assert all(len(readable(name)) < 200 for name in names)
    assert readable("a_b") == "a_b"


def test_a_study_of_another_version_is_left_alone(tmp_path: Path, here: Here) -> None:
    run_study(study(tmp_path), tmp_path / "out")
    (tmp_path / "out" / "study.json").unlink()
    before = sorted((tmp_path / "out").rglob("*"))
    with pytest.raises(InvpriorError, match="holds a study of another version"):
        run_study(study(tmp_path), tmp_path / "out")
    assert sorted((tmp_path / "out").rglob("*")) == before
