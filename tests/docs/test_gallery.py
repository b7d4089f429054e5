"""Every example of the gallery runs as written, in its short form."""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

matplotlib.use("agg")

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature:UserWarning")  # torch, in deepinv's constructor
@pytest.mark.parametrize("script", sorted(GALLERY.glob("*.py")), ids=lambda p: p.stem)
def test_an_example_runs_prints_and_draws(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INVPRIOR_DOCS", "short")
    try:
        runpy.run_path(str(script), run_name="__main__")
        assert pyplot.get_fignums()
    finally:
        pyplot.close("all")
    assert capsys.readouterr().out
