"""The pictures of the members of a blend: where they go, and what they do not touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from invprior import InvpriorError
from tests.cli.here import ended
from tests.helpers import photograph, randn

BLEND = ("--prior", "blend(tv,wavelet)", "--sigma", "0.1", "--iterations", "3", "--quiet")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    noisy = (photograph(size=48) + 0.1 * randn(3, 48, 48)).clamp(0, 1).float()
    for name in ("noisy.png", "out-1-tv.png"):
        Image.fromarray((noisy * 255).byte().movedim(0, -1).numpy()).save(name)
    return tmp_path


def test_a_picture_of_each_member_is_written(here: Path) -> None:
    assert ended("denoise", "noisy.png", "-o", "a.png", *BLEND, "--members", "members") == (0, "")
    assert sorted(p.name for p in (here / "members").iterdir()) == ["a-1-tv.png", "a-2-wavelet.png"]


@pytest.mark.parametrize(
    ("source", "folder", "said"),
    [
        ("out-1-tv.png", ".", "the member tv out-1-tv.png would be written over its own input"),
        ("noisy.png", ".", "out-1-tv.png exists; add --overwrite, or give another name"),
        ("noisy.png", "noisy.png", "--members takes a folder, and noisy.png is a file"),
        ("noisy.png", "none/a", "the folder none does not exist"),
    ],
)
def test_nothing_is_lost_and_it_is_said_before_the_solve(here: Path, source: str, folder: str, said: str) -> None:
    before = {p.name: p.read_bytes() for p in here.iterdir()}
    with pytest.raises(InvpriorError, match=said):
        ended("denoise", source, "-o", "out.png", *BLEND, "--members", folder)
    assert {p.name: p.read_bytes() for p in here.iterdir()} == before


def test_they_are_written_over_if_that_is_said(here: Path) -> None:
    before = (here / "out-1-tv.png").read_bytes()
    assert ended("denoise", "noisy.png", "-o", "out.png", *BLEND, "--members", ".", "--overwrite") == (0, "")
    assert (here / "out-1-tv.png").read_bytes() != before


def test_pictures_of_equal_names_do_not_replace_each_other(here: Path) -> None:
    with pytest.raises(InvpriorError, match="--members goes with one picture"):
        ended("denoise", ".", "-o", "many", *BLEND, "--members", "members")
