"""TIFF files of several pages, taken apart, restored page by page, and put together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from invprior.cli.main import app
from invprior.errors import InvpriorError
from invprior.io.stack import join, pages, read_volume, split
from tests.helpers import photograph

GRAY = photograph(size=64).numpy()[0]
STACK = np.stack([np.rint(np.roll(GRAY, k, 1) * 65535) for k in range(3)]).astype(np.uint16)
TV = ("--prior", "tv", "--sigma", "0.02", "--weight", "0.02")


def run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, InvpriorError):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("kind", ["gray", "colour", "float", "packed", "imagej", "ome"])
def test_apart_and_together_nothing_is_lost(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    values: np.ndarray = STACK
    options: dict[str, object] = {"photometric": "minisblack"}
    if kind == "colour":
        values = np.stack([STACK] * 3, -1)
        options["photometric"] = "rgb"
    elif kind == "float":
        values = STACK.astype(np.float32) / 100
    elif kind == "packed":
        options["compression"] = "zlib"
    elif kind == "imagej":
        options |= {"imagej": True, "metadata": {"axes": "ZYX", "spacing": 0.5, "unit": "um"}}
        options |= {"resolution": (10.0, 10.0)}
    elif kind == "ome":
        options |= {"ome": True, "metadata": {"axes": "ZYX", "PhysicalSizeX": 0.1}}
    tifffile.imwrite(path, values, **options)  # type: ignore[arg-type]
    assert pages(path) == 3
    (tmp_path / "in").mkdir()
    parts = split(path, tmp_path / "in")
    first = parts[0].read_bytes()
    assert split(path, tmp_path / "in")[0].read_bytes() == first
    assert join(parts, tmp_path / "t.tif", path) == ()
    with tifffile.TiffFile(path) as before, tifffile.TiffFile(tmp_path / "t.tif") as after:
        assert np.array_equal(before.asarray(), after.asarray())
        assert after.asarray().dtype == values.dtype
        assert after.pages.first.description == before.pages.first.description
        assert after.pages.first.compression == before.pages.first.compression
        assert after.is_imagej == before.is_imagej
        assert after.is_ome == before.is_ome
        if kind == "imagej":
            assert after.imagej_metadata == before.imagej_metadata
            assert after.pages.first.tags["XResolution"].value == before.pages.first.tags["XResolution"].value


def test_every_page_is_restored_as_a_picture_of_its_own(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", STACK, photometric="minisblack")
    tifffile.imwrite(tmp_path / "one.tif", STACK[1], photometric="minisblack")
    assert run("denoise", tmp_path / "s.tif", "-o", tmp_path / "o.tif", *TV)[0] == 0
    assert run("denoise", tmp_path / "one.tif", "-o", tmp_path / "one-o.tif", *TV)[0] == 0
    restored = tifffile.imread(tmp_path / "o.tif")
    assert restored.shape == STACK.shape
    assert restored.dtype == np.uint16
    assert np.array_equal(restored[1], tifffile.imread(tmp_path / "one-o.tif"))
    assert not np.array_equal(restored, STACK)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.tif", "one-o.tif", "one.tif", "s.tif"]


def test_a_stack_becomes_larger_and_its_ome_description_goes(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.ome.tif", STACK, photometric="minisblack", ome=True, metadata={"axes": "ZYX"})
    code, said = run(
        "upscale", tmp_path / "s.ome.tif", "-o", tmp_path / "o.tif", "--factor", "2", "--prior", "tikhonov:1"
    )
    assert code == 0, said
    assert tifffile.imread(tmp_path / "o.tif").shape == (3, 128, 128)
    assert "leaves out" in said
    assert "OME" in said


def test_what_was_finished_is_not_done_again(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", STACK, photometric="minisblack")
    broken = STACK.copy().astype(np.float32)
    broken[2] = np.nan
    tifffile.imwrite(tmp_path / "b.tif", broken, photometric="minisblack")
    code, said = run("denoise", tmp_path / "b.tif", "-o", tmp_path / "o.tif", *TV)
    assert code == 1
    assert "page-00003.tif" in said
    assert not (tmp_path / "o.tif").exists()
    code, said = run("denoise", tmp_path / "b.tif", "-o", tmp_path / "o.tif", *TV)
    assert "2 of 3 pictures are finished already" in said


def test_what_a_stack_cannot_have_is_said(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", STACK, photometric="minisblack")
    with pytest.raises(InvpriorError, match="only a TIFF can"):
        run("denoise", tmp_path / "s.tif", "-o", tmp_path / "o.png", *TV)
    with pytest.raises(InvpriorError, match="--preview goes with one picture"):
        run("denoise", tmp_path / "s.tif", "-o", tmp_path / "o.tif", "--preview", tmp_path / "p.png", *TV)
    (tmp_path / "o.tif").touch()
    with pytest.raises(InvpriorError, match="add --overwrite"):
        run("denoise", tmp_path / "s.tif", "-o", tmp_path / "o.tif", *TV)
    said = run("denoise", tmp_path / "s.tif", "-o", tmp_path / "o.tif", "--plan", *TV)[1]
    assert said.count("prior tv, takes about") == 3


@pytest.mark.parametrize(("axes", "named"), [("ZCYX", "2 channels"), ("TZYX", "3 times")])
def test_channels_and_times_are_no_slices(tmp_path: Path, axes: str, named: str) -> None:
    sizes = {"Z": 4, "C": 2, "T": 3, "Y": 16, "X": 16}
    values = np.zeros([sizes[axis] for axis in axes], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, imagej=True, metadata={"axes": axes})
    with pytest.raises(InvpriorError, match=f"are {named}, as it says, and a volume has one"):
        read_volume(tmp_path / "a.tif")


def test_slices_that_are_described_are_a_volume(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 16, 16), np.uint8), imagej=True, metadata={"axes": "ZYX"})
    assert read_volume(tmp_path / "a.tif").x.shape == (4, 16, 16)
