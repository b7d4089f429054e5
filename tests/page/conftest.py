"""A served page for the tests of a file, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers import photograph
from tests.page.served import Served


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A noisy photograph of 96×64 pixels."""
    x = photograph(size=96, top=60, left=130).numpy()[:, :64] + 0.06 * np.random.default_rng(0).standard_normal(
        (3, 64, 96)
    )
    path = tmp_path_factory.mktemp("pictures") / "cat.png"
    Image.fromarray(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)).save(path)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    page = Served(tmp_path_factory.mktemp("served") / "results")
    yield page
    page.close()
