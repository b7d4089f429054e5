"""Tables for papers: what stands in them, and that LaTeX can read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import invprior as ip
from invprior.study.plan import Cell, Scene, Study
from invprior.study.published import Published
from invprior.study.sheet import escaped
from invprior.study.source import Source
from tests.study.test_table import record

NASTY = r"50%_a&b#{c}~^\d$<|>"
STUDY = Study(
    sources=(Source("F16", Path("a.png")), Source(NASTY, Path("b.png"))),
    operators=("identity", "lanczos:4"),
    priors=("tv", "none"),
    published=(Published("psnr", "as printed", ("NLM_1", "DIP"), {"F16": (31.34, None)}, operator="identity"),),
)
PSNR = {"F16": {"tv": 29.02, "none": 20.3}, NASTY: {"tv": 20.0, "none": 21.5}}


def comparison(study: Study = STUDY) -> ip.Comparison:
    records = {
        Cell(Scene(source, A, "rounding"), prior, 0, "k", "m", 0): record(
            source.name, prior, 0, PSNR[source.name][prior]
        )
        | {"operator_spec": A, "curve": [], "ssim": 0.5}
        for source in study.sources
        for A in study.operators
        for prior in study.methods
    }
    return ip.Comparison(study, Path(), records, {})


def bodies(text: str) -> list[list[list[str]]]:
    """The entries of each tabular, line by line."""
    tables = re.findall(r"\\begin\{tabular\}\{@\{\}l\*\{(\d+)\}\{r\}@\{\}\}(.*?)\\end\{tabular\}", text, re.DOTALL)
    found = []
    for across, body in tables:
        assert [body.count(rule) for rule in (r"\toprule", r"\bottomrule")] == [1, 1]
        lines = [
            line.removesuffix(r" \\") for line in body.split("\n") if line.endswith(r"\\") and "multicolumn" not in line
        ]
        entries = [re.split(r"(?<!\\)&", line) for line in lines]
        assert {len(line) for line in entries} == {int(across) + 1}
        found.append([[entry.strip() for entry in line] for line in entries])
    return found


def test_the_latex_has_means_first_the_best_bold_and_published_columns() -> None:
    first, second = bodies(comparison().latex())
    assert first[0] == ["", "tv", "none", r"NLM\_1\,$^\dagger$", r"DIP\,$^\dagger$"]
    assert first[1] == ["mean", r"\textbf{24.51}", "20.90", "--", "--"]
    assert first[2] == ["F16", r"\textbf{29.02}", "20.30", "31.34", "--"]
    assert first[3][1:] == ["20.00", r"\textbf{21.50}", "--", "--"]
    assert second[0] == ["", "tv", "none"]  # what was published for another operator does not stand here


def test_latex_is_balanced_and_nothing_in_it_is_raw() -> None:
    text = comparison().latex("ssim")
    code = "\n".join(line for line in text.split("\n") if not line.startswith("%"))
    bare = re.sub(r"\\.", "", code)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%#_~|<>]", bare)
    assert escaped("a_b & 5 % σ\n# $") == r"a\_b \& 5 \% $\sigma$ \# \$"
    assert escaped("\\{}~^") == r"\textbackslash{}\{\}\textasciitilde{}\textasciicircum{}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(comparison().latex(), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}\input{table}\end{document}"
    )
    run = subprocess.run(["pdflatex", "-halt-on-error", "paper.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]


def test_the_markdown_has_the_verdict_and_the_same_numbers() -> None:
    text = comparison().markdown()
    assert text.startswith("- identity, rounding: nothing can be concluded about none against tv")
    assert "|  | tv | none | NLM\\_1 † | DIP † |\n|---|---:|---:|---:|---:|\n" in text
    assert "| mean | **24.51** | 20.90 | – | – |" in text
    assert "| F16 | **29.02** | 20.30 | 31.34 | – |" in text


def test_another_figure() -> None:
    assert "SSIM" in comparison().latex("ssim")
    with pytest.raises(ip.InvpriorError, match="no figure 'lpips' here; choose among psnr, ssim"):
        comparison().latex("lpips")


def test_a_failed_picture_is_not_in_the_mean() -> None:
    whole = comparison()
    records = {c: r for c, r in whole.records.items() if not (c.scene.source.name == NASTY and c.prior == "none")}
    first, _ = bodies(replace(whole, records=records).latex())
    assert first[1][:3] == ["mean of 1", r"\textbf{29.02}", "20.30"]
    assert first[3][1:3] == [r"\textbf{20.00}", "--"]


def test_no_cell_is_no_table() -> None:
    nothing = ip.Comparison(STUDY, Path(), {}, {})
    assert "tabular" not in nothing.latex()
    assert nothing.markdown() == "- † published: as printed\n"


def test_the_frame_has_a_row_for_each_cell() -> None:
    pandas = pytest.importorskip("pandas")
    frame = comparison().frame()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 8


def test_without_pandas_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ip.InvpriorError, match="frame\\(\\) needs pandas; pip install pandas"):
        comparison().frame()
