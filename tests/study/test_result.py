"""What ``ip.compare`` gives back: dicts, a plot and a table for notebooks."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from matplotlib import pyplot

import invprior as ip
from tests.study.helpers import Here, pictures


@pytest.fixture
def result(tmp_path: Path, workers: Here) -> ip.Comparison:
    return ip.compare(
        pictures(tmp_path, 2),
        output=tmp_path / "out",
        operators=["identity"],
        noises=["gaussian:0.1"],
        priors=["none", "tikhonov:0.5"],
        seeds=2,
    )


def test_the_cells_are_plain_dicts(result: ip.Comparison) -> None:
    assert len(result.cells) == 8
    assert {(c["picture"], c["prior"], c["seed"]) for c in result.cells} == {
        (p, prior, seed) for p in ("chelsea", "coffee") for prior in ("none", "tikhonov:0.5") for seed in (0, 1)
    }
    assert all(isinstance(v, str | int | float | None) for cell in result.cells for v in cell.values())


def test_the_rows_are_their_means(result: ip.Comparison) -> None:
    assert len(result.rows) == 4
    row = result.rows[1]
    own = [c["psnr"] for c in result.cells if (c["picture"], c["prior"]) == (row.scene.source.name, row.prior)]
    assert row.figures["psnr"].mean == pytest.approx(sum(own) / 2)
    assert row.figures["psnr"].deviation == pytest.approx(abs(own[0] - own[1]) / math.sqrt(2))
    assert "psnr" in row.best
    assert result.verdicts[0].startswith("identity, gaussian:0.1: tikhonov:0.5 has the highest PSNR")
    assert result.report.is_file()


def test_the_plot_has_a_bar_for_each_row(result: ip.Comparison) -> None:
    figure = result.plot("ssim")
    assert pyplot.get_fignums() == [figure.number]  # so that scripts and documents show it
    pyplot.close(figure)
    axes = figure.axes[0]
    heights = sorted(bar.get_height() for bar in axes.patches)
    assert heights == pytest.approx(sorted(row.figures["ssim"].mean for row in result.rows))
    assert axes.get_ylabel() == "SSIM"
    with pytest.raises(ip.InvpriorError, match="no figure 'lpips'"):
        result.plot("lpips")


def test_the_table_of_a_notebook(result: ip.Comparison) -> None:
    text = result._repr_html_()
    assert text.count("<tr>") == 5
    assert "<b>" in text
    assert "tikhonov:0.5 has the highest PSNR" in text


def test_a_sweep_is_a_column_for_each_value_and_a_curve(tmp_path: Path, workers: Here) -> None:
    swept = ip.compare(
        pictures(tmp_path, 2),
        output=tmp_path / "out",
        noises=["gaussian:0.1"],
        priors=["tikhonov:weight=0.01,0.5,100", "none"],
        seeds=1,
    )
    assert swept.study.methods == (*(f"tikhonov:weight={w}" for w in ("0.01", "0.5", "100")), "none")
    (curve,) = swept.sweep()
    assert (curve.spec, curve.setting, curve.noise) == ("tikhonov:weight=…", "weight", "gaussian:0.1")
    assert [point.value for point in curve.points] == ["0.01", "0.5", "100"]
    low, middle, high = (point.figure.mean for point in curve.points)
    assert middle > low > high
    own = [c["psnr"] for c in swept.cells if c["prior"] == "tikhonov:weight=0.5"]
    assert middle == pytest.approx(sum(own) / 2)
