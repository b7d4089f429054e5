"""What ``ip.compare`` gives back: dicts, a plot and a table for notebooks."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import invprior as ip
from invprior.study.drawing import telling_part
from tests.study.helpers import Here, pictures

matplotlib.use("agg")


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
    assert result.verdicts[0].startswith("nothing can be concluded about tikhonov:0.5 against none: +")
    assert result.report.is_file()


@pytest.fixture(autouse=True)
def _no_figures_of_others() -> None:
    """Tests of a process share pyplot's list of open figures."""
    pyplot.close("all")


def test_the_plot_has_a_bar_for_each_mean_and_each_row(result: ip.Comparison) -> None:
    figure = result.plot("ssim")
    assert pyplot.get_fignums() == [figure.number]  # so that scripts and documents show it
    pyplot.close(figure)
    axes = figure.axes[0]
    heights = sorted(bar.get_height() for bar in axes.patches)
    expected = [m.figures["ssim"] for m in result.means] + [row.figures["ssim"].mean for row in result.rows]
    assert heights == pytest.approx(sorted(expected))
    assert axes.get_ylabel() == "SSIM"
    with pytest.raises(ip.InvpriorError, match="no figure 'lpips'"):
        result.plot("lpips")
    with pytest.raises(ip.InvpriorError, match="no plot of kind 'pie'; choose among bars, differences, curves"):
        result.plot(kind="pie")


def test_the_differences_have_a_dot_for_each_picture(result: ip.Comparison) -> None:
    figure = result.plot(kind="differences")
    pyplot.close(figure)
    (axes,) = figure.axes
    dots = sorted(x for x, _ in axes.collections[0].get_offsets())
    assert dots == pytest.approx(sorted(result.differences[0].paired.differences.values()))
    assert axes.get_xlabel() == "PSNR minus that of none dB"


def test_the_figures_of_a_paper_are_files_that_come_out_the_same(result: ip.Comparison) -> None:
    paths = result.draw()
    names = {"bars", "differences", "curves", "strip-1", "strip-2"}
    assert {path.relative_to(result.report.parent).as_posix() for path in paths} == {
        f"figures/{name}.{ending}" for name in names for ending in ("svg", "pdf")
    }
    before = {path: path.read_bytes() for path in paths}
    assert all(content.startswith(b"%PDF" if path.suffix == ".pdf" else b"<?xml") for path, content in before.items())
    assert {path: path.read_bytes() for path in result.draw()} == before
    assert pyplot.get_fignums() == []


def test_without_matplotlib_one_sentence(result: ip.Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ip.InvpriorError, match=r"draw\(\) needs matplotlib; pip install matplotlib"):
        result.draw()
    assert not (result.report.parent / "figures").exists()


def test_the_tables_for_a_paper_are_in_the_folder(result: ip.Comparison) -> None:
    assert (result.report.parent / "table.tex").read_text(encoding="utf-8") == result.latex()
    assert (result.report.parent / "table.md").read_text(encoding="utf-8") == result.markdown()


def test_the_oracle_is_the_best_of_the_curve_and_costs_no_cell(result: ip.Comparison) -> None:
    seen = replace(result, study=replace(result.study, oracle=True))
    for cell, record in zip(seen.cells, result.records.values(), strict=True):
        best = max(point[2] for point in record["curve"])
        assert cell["oracle"] == pytest.approx(max(best, record["psnr"]))
        assert cell["stopping"] == pytest.approx(cell["oracle"] - record["psnr"])
    assert all(f.says.startswith("Sees the truth") for f in seen.columns if f.key in ("oracle", "stopping"))
    assert "oracle" not in result.cells[0]


def test_the_enlarged_part_is_where_the_better_ones_differ() -> None:
    truth = np.zeros((32, 32, 1), np.uint8)
    bad, good, other = truth.copy(), truth.copy(), truth.copy()
    bad[:8, :8] = 255
    good[20:24, 8:12] = 50
    rows, columns = telling_part([bad, good, other], truth)
    assert (rows.start, columns.start) <= (20, 8) < (24, 12) <= (rows.stop, columns.stop)
    assert rows.stop - rows.start == columns.stop - columns.start == 8
    rows, columns = telling_part([good], truth)
    assert rows.start <= 20 < 24 <= rows.stop


def test_the_means_are_those_of_the_pictures(result: ip.Comparison) -> None:
    assert [(m.prior, m.pictures) for m in result.means] == [
        (prior, ("chelsea", "coffee")) for prior in ("none", "tikhonov:0.5")
    ]
    own = [c["psnr"] for c in result.cells if c["prior"] == "none"]
    assert result.means[0].figures["psnr"] == pytest.approx(sum(own) / 4)
    (difference,) = result.differences
    assert difference.paired.mean == pytest.approx(
        result.means[1].figures["psnr"] - result.means[0].figures["psnr"], abs=1e-8
    )


def test_a_notebook_shows_the_verdict_then_the_means_then_the_cells(result: ip.Comparison) -> None:
    text = result._repr_html_()
    first, means, cells = text.split("<table>")
    assert "nothing can be concluded about tikhonov:0.5" in first
    assert means.count("<tr>") == 3
    assert "vs. none" in means
    assert cells.count("<tr>") == 5
    assert "<b>" in cells


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
