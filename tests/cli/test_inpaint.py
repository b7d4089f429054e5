"""What stands in the hole of a picture has no say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from invprior.cli.main import app
from tests.helpers import over, photograph


@pytest.mark.parametrize("prior", ["tv", "tikhonov", "dip"])
def test_a_bright_hole_is_filled_as_a_black_one(tmp_path: Path, prior: str) -> None:
    x = np.rint(photograph(size=40, top=20, left=100).numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    hole = np.zeros((40, 40), np.uint8)
    hole[10:14, 5:30] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    filled = []
    for value in (0, 255):
        Image.fromarray(np.where(hole[..., None] > 0, np.uint8(value), x)).save(tmp_path / "in.png")
        arguments = ["inpaint", tmp_path / "in.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "out.png"]
        arguments += ["--prior", prior, "--quiet", *(["--iterations", 5] if prior == "dip" else [])]
        CliRunner().invoke(app, over(arguments), catch_exceptions=False)
        with Image.open(tmp_path / "out.png") as image:
            filled.append(np.asarray(image))
    assert np.array_equal(filled[0], filled[1])
