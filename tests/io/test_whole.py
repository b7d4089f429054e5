"""Files are the user's: nothing is written over, only what is ours is removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from invprior import InvpriorError
from invprior.io.whole import HOST, OWN, check_apart, check_place, remove_leftovers, whole_file, whole_folder


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_only_what_a_dead_process_of_ours_left_is_removed(tmp_path: Path, dead: int) -> None:
    ours = [f"{OWN}{dead}-abcdefgh.png", f"{OWN}{dead}-12345678"]
    others = [
        f"{OWN}{os.getpid()}-abcdefgh.png",  # of a living process
        f".invprior-{HOST}x-{dead}-abcdefgh.png",  # of another machine
        f"{OWN}{dead}-notes.txt.bak",
        ".git",
        ".hidden.png",
        "a.png",
    ]
    (tmp_path / ours[1]).mkdir()
    (tmp_path / ours[1] / "run.json").write_text("{")
    for name in (ours[0], *others):
        (tmp_path / name).write_text(name)
    remove_leftovers(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(others)


def _fail(whole: Callable[[Path], AbstractContextManager[Path]], place: Path) -> None:
    with whole(place) as temporary:
        (temporary / "x" if temporary.is_dir() else temporary).write_text("half")
        raise RuntimeError


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("before")
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "x").write_text("before")
    for whole, place in ((whole_file, "a.png"), (whole_folder, "cell")):
        with pytest.raises(RuntimeError):
            _fail(whole, tmp_path / place)
    assert (tmp_path / "a.png").read_text() == (tmp_path / "cell" / "x").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_long_name_needs_no_longer_one(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250 + ".tif")
    with whole_file(path) as temporary:
        temporary.write_text("x")
    assert path.read_text() == "x"
    with pytest.raises(InvpriorError, match="File name too long"):
        check_place(tmp_path / ("n" * 300 + ".tif"))


def test_paths_are_compared_through_links(tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    picture = tmp_path / "a.png"
    picture.write_text("x")
    (tmp_path / "soft.png").symlink_to(picture)
    (tmp_path / "hard.png").hardlink_to(picture)
    (tmp_path / "folder").symlink_to(tmp_path)
    for name in ("a.png", "soft.png", "hard.png", "folder/a.png", "cell/../a.png"):
        with pytest.raises(InvpriorError, match=r"--record .* would be written over its own input"):
            check_apart({"IN": picture}, {"OUT": tmp_path / "out.png", "--record": tmp_path / name})
    with pytest.raises(InvpriorError, match=r"--record .*new.png would be written over OUT"):
        check_apart({"IN": picture}, {"OUT": tmp_path / "new.png", "--record": tmp_path / "folder" / "new.png"})
    check_apart({"IN": picture, "--mask": picture, "--truth": None}, {"OUT": tmp_path / "b.png", "--record": None})


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "there" / "file.txt")
    for text in ("new", "again"):
        with whole_file(tmp_path / "link.txt") as temporary:
            temporary.write_text(text)
        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "there" / "file.txt").read_text() == text
    (tmp_path / "lost.txt").symlink_to(tmp_path / "nowhere" / "file.txt")
    with (
        pytest.raises(InvpriorError, match=r"cannot write .*lost\.txt: No such file or directory"),
        whole_file(tmp_path / "lost.txt"),
    ):
        pass


def test_failures_are_told_by_the_final_name(tmp_path: Path) -> None:
    def full(place: Path) -> None:
        raise OSError(28, "No space left on device", str(place))

    with pytest.raises(InvpriorError, match=r"^cannot write .*/a\.txt: No space left on device$"), ExitStack() as stack:
        full(stack.enter_context(whole_file(tmp_path / "a.txt")))
    with pytest.raises(InvpriorError, match=r"^cannot write .*/study/b\.txt: No space left"), ExitStack() as stack:
        full(stack.enter_context(whole_file(stack.enter_context(whole_folder(tmp_path / "study")) / "b.txt")))
    assert list(tmp_path.iterdir()) == []
