"""The example on tomography runs as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

SCRIPT = Path(__file__).parents[2] / "docs" / "gallery" / "tomography.py"


def test_the_example_runs_and_draws_its_picture(tmp_path: Path) -> None:
    environment = os.environ | {"INVPRIOR_DOCS": "short"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:invprior", str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(\w+) +-?\d+\.\d\d dB", done.stdout, re.M) == ["none", "tv", "dip"]
    with Image.open(tmp_path / "tomography.png") as picture:
        assert picture.size == (4 * 4 * 32, 4 * 32)
