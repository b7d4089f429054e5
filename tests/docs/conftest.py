"""What tests of the site share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Any]:
    """docs/catalogue, which is a package of the site and no part of invprior."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        patch.setitem(os.environ, "INVPRIOR_DOCS", "short")
        yield import_module("catalogue")
        for name in [n for n in sys.modules if n.split(".")[0] == "catalogue"]:
            del sys.modules[name]
