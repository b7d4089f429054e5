"""invprior develop: mosaic and noise of a raw file undone at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from invprior import InvpriorError
from invprior.io import read
from tests.cli.here import ended
from tests.dng import BLACK, WHITE, libraw, linear, mosaic, noisy, to_camera, write_dng
from tests.helpers import photograph

RGB = photograph(size=64).permute(1, 2, 0).numpy()
TV = ("--prior", "tv:chroma=3", "--weight", "auto", "--iterations", "150", "--quiet")


def spoiled(path: Path, orientation: int = 1, profile: bool = True) -> Path:
    stated = (2e-3, 4e-6) if profile else None
    write_dng(path, noisy(mosaic(to_camera(linear(RGB)), "RGGB")), orientation=orientation, profile=stated)
    return path


def error(found: np.ndarray) -> float:
    """PSNR away from the rim, which LibRaw leaves dark."""
    return float(-10 * np.log10(np.square(found - RGB)[8:-8, 8:-8].mean()))


def test_it_is_better_than_libraw_and_has_16_bits_and_the_exposure(tmp_path: Path) -> None:
    source = spoiled(tmp_path / "a.dng")
    assert ended("develop", source, "-o", tmp_path / "a.tif", *TV) == (0, "")
    found = tifffile.imread(tmp_path / "a.tif")
    assert found.dtype == np.uint16
    theirs = [error(libraw(source, algorithm)) for algorithm in ("AHD", "DHT")]
    assert error(found / 65535) > max(theirs) + 1
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        tags = tiff.pages.first.tags
        assert tags[271].value == "Maker"
        assert 33422 not in tags  # it is no mosaic any more


@pytest.mark.parametrize("turn", [3, 6, 8])
def test_turned_cameras_give_upright_pictures(tmp_path: Path, turn: int) -> None:
    ended("develop", spoiled(tmp_path / "a.dng"), "-o", tmp_path / "a.png", *TV)
    ended("develop", spoiled(tmp_path / "b.dng", turn), "-o", tmp_path / "b.png", *TV)
    straight, turned = (read(tmp_path / f"{name}.png").x for name in "ab")
    assert np.allclose(np.rot90(straight, {3: 2, 6: -1, 8: 1}[turn], (1, 2)), turned, atol=2 / 65535)


def test_without_a_profile_the_noise_is_estimated(tmp_path: Path) -> None:
    arguments = ("--record", tmp_path / "run.json", *TV[:-1])
    code, said = ended("develop", spoiled(tmp_path / "a.dng", profile=False), "-o", tmp_path / "a.jpg", *arguments)
    assert code == 0, said
    assert read(tmp_path / "a.jpg").format == "uchar"  # the depth that JPEG holds
    assert error(read(tmp_path / "a.jpg").x.permute(1, 2, 0).numpy()) > 26
    assert "estimated" in (tmp_path / "run.json").read_text()


def test_a_folder_becomes_one_of_tiffs(tmp_path: Path) -> None:
    (tmp_path / "in" / "day").mkdir(parents=True)
    spoiled(tmp_path / "in" / "a.DNG")
    spoiled(tmp_path / "in" / "day" / "b.dng")
    Image.new("RGB", (9, 9)).save(tmp_path / "in" / "a.jpg")  # the camera's own
    assert ended("develop", tmp_path / "in", "-o", tmp_path / "out", *TV) == (0, "")
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")) == [
        "a.tif",
        "day/b.tif",
        "manifest.jsonl",
    ]


def test_strength_goes_from_plain_colours_to_restored_ones(tmp_path: Path) -> None:
    source = spoiled(tmp_path / "a.dng")
    found = []
    for strength in ("0", "0.5", "1"):
        ended("develop", source, "-o", tmp_path / f"{strength}.tif", "--strength", strength, *TV)
        found.append(tifffile.imread(tmp_path / f"{strength}.tif") / 65535)
    assert np.abs((found[0] + found[2]) / 2 - found[1]).max() < 2e-4
    assert 20 < error(found[0]) < error(found[1]) < error(found[2])


def test_what_it_does_not_take_is_said(tmp_path: Path) -> None:
    source = spoiled(tmp_path / "a.dng")
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    for given, says in (
        ((source, "-o", tmp_path / "o.tif", "--error-map", tmp_path / "e.tif"), "develop writes others"),
        ((tmp_path / "a.png", "-o", tmp_path / "o.tif"), "is not a raw file"),
        ((source, "-o", tmp_path / "o.gif"), "the name must end in"),
    ):
        with pytest.raises(InvpriorError, match=says):
            ended("develop", *given, *TV)
    with pytest.raises(InvpriorError, match="invprior develop restores it"):
        ended("denoise", source, "-o", tmp_path / "o.png", "--quiet")


def test_levels_in_values_of_the_file_are_those_of_its_sensor(tmp_path: Path) -> None:
    """Not those of the depth of what is written."""
    arguments = ("--noise", "poisson-gaussian:31dn,62dn", "--record", tmp_path / "run.json", "--iterations", "3")
    code, said = ended("develop", spoiled(tmp_path / "a.dng"), "-o", tmp_path / "a.tif", *TV[:2], *arguments)
    assert code == 0, said
    noise = json.loads((tmp_path / "run.json").read_text())["noise"]
    gain, read_noise, _ = map(float, re.findall(r"=([0-9.e-]+)", noise))
    assert gain == pytest.approx(31 / (WHITE - BLACK), rel=1e-4)
    assert read_noise == pytest.approx(62 / (WHITE - BLACK), rel=1e-4)


@pytest.mark.parametrize(("shape", "fits"), [((64, 48, 3), True), ((48, 64, 3), False)])
def test_a_truth_is_compared_with_the_upright_picture(tmp_path: Path, shape: tuple[int, ...], fits: bool) -> None:
    camera = noisy(mosaic(to_camera(linear(RGB[:48])), "RGGB"))
    write_dng(tmp_path / "a.dng", camera, orientation=6, profile=(2e-3, 4e-6))
    Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / "truth.png")
    words = ("develop", tmp_path / "a.dng", "-o", tmp_path / "a.tif", *TV, "--truth", tmp_path / "truth.png")
    if fits:
        assert ended(*words) == (0, "")
        return
    with pytest.raises(InvpriorError, match=r"the truth .* has shape"):
        ended(*words)
    assert not (tmp_path / "a.tif").exists()  # said before the solve
