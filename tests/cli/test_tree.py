"""All that lies below a folder is restored, or said; a result that somebody changed stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from invprior import InvpriorError
from invprior.cli.tree import below
from tests.cli.here import ended

TV = ["--prior", "tv", "--sigma", "0.1", "--weight", "0.1", "--quiet", "--iterations", "3"]


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((12, 9), 60).convert("RGB").save(path)
    return path


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "elsewhere" / "b.png")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")  # round and round
    assert ended("denoise", tmp_path / "in", "-o", tmp_path / "out", *TV) == (0, "")
    assert (tmp_path / "out" / "linked" / "b.png").is_file()
    assert not (tmp_path / "out" / "again").exists()


def test_what_cannot_be_read_is_said_and_no_success(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "in" / "self.png").symlink_to("self.png")
    (tmp_path / "in" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    code, said = ended("denoise", tmp_path / "in", "-o", tmp_path / "out", *TV)
    assert code == 1
    assert said.count("the link leads nowhere") == 2
    assert "phone.heic is left out: it is HEIC" in said
    assert (tmp_path / "out" / "a.png").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "closed" / "a.png")
    (tmp_path / "in" / "closed").chmod(0)
    try:
        assert "Permission denied" in below(tmp_path / "in", tmp_path / "out").faults[0]
    finally:
        (tmp_path / "in" / "closed").chmod(0o755)


def test_pictures_in_out_are_said_the_first_time(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "out" / "mine.png")
    code, said = ended("denoise", tmp_path / "in", "-o", tmp_path / "in" / "out", *TV)
    assert (code, said) == (0, f"1 pictures in OUT, which lies in {tmp_path / 'in'}, are not taken as input\n")
    assert ended("denoise", tmp_path / "in", "-o", tmp_path / "in" / "out", *TV) == (0, "")


def test_a_result_that_was_torn_or_edited_is_not_finished(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "b.png")
    command = ["denoise", tmp_path / "in", "-o", tmp_path / "out", *TV]
    ended(*command)
    whole = (tmp_path / "out" / "b.png").read_bytes()
    (tmp_path / "out" / "b.png").write_bytes(whole[:-20])
    with pytest.raises(InvpriorError, match=r"1 files in .* were changed since .*, the first .*b\.png; "):
        ended(*command)
    assert (tmp_path / "out" / "b.png").read_bytes() == whole[:-20]
    (tmp_path / "out" / "b.png").unlink()
    assert ended(*command) == (0, "")
    assert (tmp_path / "out" / "b.png").read_bytes() == whole
