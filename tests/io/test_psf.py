"""Measured PSFs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invprior import InvpriorError
from invprior.io import read_psf


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_sums_to_one(tmp_path: Path, dtype: Any) -> None:
    values: np.ndarray[Any, Any] = np.array([[0, 10, 0, 3], [20, 200, 5, 0]], dtype=dtype)
    Image.fromarray(values).save(tmp_path / "psf.png")
    psf = read_psf(tmp_path / "psf.png")
    assert psf.dtype == torch.float32
    assert np.allclose(psf.numpy(), values / values.sum(), rtol=1e-6)


def test_colours_are_averaged(tmp_path: Path) -> None:
    values = np.zeros((2, 3, 3), dtype=np.uint8)
    values[0, 1] = (30, 60, 90)
    values[1, 2] = (0, 0, 60)
    Image.fromarray(values).save(tmp_path / "psf.png")
    assert np.allclose(read_psf(tmp_path / "psf.png").numpy(), [[0, 0.75, 0], [0, 0, 0.25]])


def test_negative_and_large_pixels_of_a_float_file_are_not_shifted(tmp_path: Path) -> None:
    values = np.array([[-1.0, 0.0], [2.0, 7.0]], dtype=np.float32)
    Image.fromarray(values).save(tmp_path / "psf.tif")
    assert np.allclose(read_psf(tmp_path / "psf.tif").numpy(), values / 8)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_dark_file_is_refused(tmp_path: Path, value: float) -> None:
    Image.fromarray(np.full((3, 3), value, dtype=np.float32)).save(tmp_path / "psf.tif")
    with pytest.raises(InvpriorError, match=r"psf\.tif sums to .* cannot be normalised"):
        read_psf(tmp_path / "psf.tif")
