"""Raw files of a camera: what LibRaw and the file say is what is read."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import rawpy
import torch

from invprior import InvpriorError
from invprior.io import read
from invprior.io.raw import as_picture, read_raw
from invprior.operators import Bayer
from invprior.runs.develop import Develop
from tests.dng import BLACK, CAMERA, FROM_XYZ, NEUTRAL, WHITE, linear, mosaic, to_camera, write_dng
from tests.helpers import photograph

RGB = photograph(size=32).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_values_are_those_behind_the_filters(tmp_path: Path, pattern: str) -> None:
    y = mosaic(to_camera(linear(RGB)), pattern)
    write_dng(tmp_path / "a.dng", y, pattern)
    raw = read_raw(tmp_path / "a.dng")
    assert np.abs(raw.values[0].numpy() - y).max() < 0.51 / (WHITE - BLACK)
    seen = Bayer((3, 32, 32), raw.pattern)(torch.from_numpy(to_camera(linear(RGB)) * NEUTRAL).permute(2, 0, 1))
    assert np.abs(seen[0].numpy() - y).max() < 1e-6


def test_what_the_camera_says(tmp_path: Path) -> None:
    write_dng(tmp_path / "a.dng", mosaic(to_camera(linear(RGB)), "RGGB"), orientation=6)
    raw = read_raw(tmp_path / "a.dng")
    assert raw.balance.numpy() == pytest.approx(NEUTRAL.max() / NEUTRAL, rel=1e-4)
    matrix = CAMERA @ np.linalg.inv(FROM_XYZ)
    assert raw.matrix is not None
    assert raw.matrix.numpy() == pytest.approx(np.linalg.inv(matrix / matrix.sum(1, keepdims=True)), abs=1e-3)
    assert raw.orientation == 6
    assert raw.profile == pytest.approx((2e-3, 2e-3))
    assert raw.tags[271].values == b"Maker\0"


def test_without_a_matrix_the_colours_are_taken_as_they_are(tmp_path: Path) -> None:
    write_dng(tmp_path / "a.dng", mosaic(to_camera(linear(RGB)), "RGGB"), coloured=False)
    raw = read_raw(tmp_path / "a.dng")
    assert raw.matrix is None
    assert as_picture(raw).notice.startswith("does not say how its camera sees colours")
    light = torch.linspace(0, 1, 16).expand(3, 4, 16)
    assert np.abs(linear(Develop(raw).finish(light).numpy()) - light.numpy()).max() < 1e-5


def test_noise_below_black_stays(tmp_path: Path) -> None:
    write_dng(tmp_path / "a.dng", np.full((64, 64), -0.01))
    assert float(read_raw(tmp_path / "a.dng").values.mean()) == pytest.approx(-0.01, abs=1e-4)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (None, None),
        ((1e-3, 4e-6), (1e-3, 2e-3)),
        ((1e-3, 1e-6, 2e-3, 2e-6, 3e-3, 3e-6), (2e-3, 2e-6**0.5)),
        ((0.0, 1e-6), None),
    ],
)
def test_the_profile_is_one_pair_or_one_a_colour(tmp_path: Path, profile: tuple[float, ...], expected: object) -> None:
    write_dng(tmp_path / "a.dng", np.zeros((64, 64)), profile=profile)
    found = read_raw(tmp_path / "a.dng").profile
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_libraw_turns_it_alike(tmp_path: Path, turn: int) -> None:
    write_dng(tmp_path / "a.dng", mosaic(to_camera(linear(RGB[:24])), "RGGB"), orientation=turn)
    with rawpy.imread(str(tmp_path / "a.dng")) as theirs:
        height, width = theirs.postprocess().shape[:2]
    raw = read_raw(tmp_path / "a.dng")
    assert raw.orientation == turn
    assert (raw.values.shape[-2:] == (height, width)) is (turn < 5)
    assert as_picture(raw).x.shape == (1, 24, 32)


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.dng").write_bytes(b"nothing of the kind")
    with pytest.raises(InvpriorError, match="is not a raw file that can be read"):
        read_raw(tmp_path / "a.dng")
    with pytest.raises(InvpriorError, match="does not exist"):
        read_raw(tmp_path / "b.dng")
    with pytest.raises(InvpriorError, match="is the raw file of a camera; invprior develop"):
        read(tmp_path / "a.dng")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(InvpriorError, match=r"pip install -e '\.\[raw\]'"):
        read_raw(tmp_path / "a.dng")
