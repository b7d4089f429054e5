"""The formulas of docstrings and pages are set in TeX, and the site brings the script that shows them."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from invprior import noise, operators, priors, solvers
from tests.docs.conftest import DOCS

MEMBERS = [
    (module, name)
    for module in (operators, priors, noise, solvers)
    for name in module.__all__
    if inspect.isclass(kind := getattr(module, name)) and not inspect.isabstract(kind)
]
# What begins with words.
WORDED = {"FlashPair", "Lanczos", "Reshape", "Wavelet", "PDHG", "ConjugateGradient", "PlugAndPlay", "ProximalGradient"}

FORMULAS = {
    # scripts, norms, sums
    "Ax = h ∗ x": r"Ax = h \ast x",
    "R(x) = Σ_i ‖(Dx)_i‖": r"R(x) = \sum_i \lVert(Dx)_i\rVert",
    "R(x) = ½ ‖Dx‖²": r"R(x) = \tfrac12 \lVert Dx\rVert^2",
    "Aᴴ = A⁻¹": r"A^{\mathsf{H}} = A^{-1}",
    "Ax = (A₁x, …, A_Kx)": r"Ax = (A_1x, \dots, A_Kx)",
    "½‖L_i x − b_i‖²_{W_i}": r"\tfrac12\lVert L_i x - b_i\rVert_{W_i}^2",
    "Σ L_iᴴW_iL_i x = Σ L_iᴴW_i b_i": r"\sum L_i^{\mathsf{H}}W_iL_i x = \sum L_i^{\mathsf{H}}W_i b_i",
    "UΣVᵀ": r"U\Sigma V^{\mathsf{T}}",
    "w_ki x̃[i]": r"w_{ki} \tilde{x}[i]",
    "s a_levels": r"s a_{\text{levels}}",
    "R(x) = 1.2 Σ_j 4^(1 − j) Σ_i ‖(W_j x)_i‖": r"R(x) = 1.2 \sum_j 4^{1 - j} \sum_i \lVert(W_j x)_i\rVert",
    "f*(u) = sup_v ⟨u, v⟩ − f(v)": r"f^*(u) = \sup_v \langle u, v\rangle - f(v)",
    "|ĥ|² + |ĝ|² = 1": r"\lvert\hat{h}\rvert^2 + \lvert\hat{g}\rvert^2 = 1",
    "Aᴴy = d̄ ⊙ y": r"A^{\mathsf{H}}y = \bar{d} \odot y",
    # names and words
    "x* = argmin_x  E(Ax; y) + R(x)": r"x^* = \operatorname*{argmin}_x E(Ax; y) + R(x)",
    "prox_{σ²φ} = D(·, σ)": r"\operatorname{prox}_{\sigma^2\varphi} = D(\cdot, \sigma)",
    "A(x) = min(x, level)": r"A(x) = \min(x, \text{level})",
    "x[top + i, left + j]": r"x[\text{top} + i, \text{left} + j]",
    "G_j likewise with g,": r"G_j\ \text{likewise with}\ g,",
    "A operator, R prior": r"A\ \text{operator},\ R\ \text{prior}",
    "λ TV(f_θ(z)) + (HW)²": r"\lambda\ \text{TV}(f_{\theta}(z)) + (HW)^2",
    "k ~ Poisson(μ)": r"k \sim \text{Poisson}(\mu)",
    # fractions and roots
    "−log p(y | u) = ‖u − y‖² / (2σ²)": r"-\log p(y \mid u) = \frac{\lVert u - y\rVert^2}{2\sigma^2}",
    "−log p(y | u) = Σ (u − y log u) / g": r"-\log p(y \mid u) = \sum \frac{u - y \log u}{g}",
    "σ_i = ρ/‖K_i‖²": r"\sigma_i = \frac{\rho}{\lVert K_i\rVert^2}",
    "θ = 1/√(1 + μτ)": r"\theta = \frac{1}{\sqrt{1 + \mu\tau}}",
    "(t − 1)/t⁺ (x⁺ − x)": r"\frac{t - 1}{t^+} (x^+ - x)",
    "cos(πs/2) (a_k − m)": r"\cos\left(\frac{\pi s}{2}\right) (a_k - m)",
    "v² − step·y/g": r"v^2 - \text{step}\cdot\frac{y}{g}",
    "prox_{G/L}(z)": r"\operatorname{prox}_{G/L}(z)",
    "√v_i b_i": r"\sqrt{v_i} b_i",
    "√Σ_k w_k²(2 − c) + 1": r"\sqrt{\sum_k w_k^2(2 - c)} + 1",
    "lr·√max(1, m)·UVᵀ": r"\text{lr}\cdot\sqrt{\max(1, m)}\cdot UV^{\mathsf{T}}",
    "⌊n / m⌋": r"\left\lfloor\frac{n}{m}\right\rfloor",
    # several in a block
    "a = b,   Σ_i c_i = 1": r"\begin{aligned} a &= b, \\ \sum_i c_i &= 1 \end{aligned}",
    "t = k,  0 ≤ s < 1": r"t = k,\quad 0 \le s < 1",
    "x = S X\nR prior": r"\begin{gathered} x = S X \\ R\ \text{prior} \end{gathered}",
}

SENTENCES = {
    "Ax = m ⊙ x with m = 1 where known; a mask.": ":math:`Ax = m \\odot x` with :math:`m = 1` where known; a mask.",
    "In [0, 1], of shape (C, H, W) and 9×9 pixels.": "In [0, 1], of shape (C, H, W) and 9×9 pixels.",
    "It (Osher & Fatemi 1992, with α = 1).": "It (Osher & Fatemi 1992, with :math:`\\alpha = 1`).",
    "for 0 ≤ i < height, no more": "for :math:`0 \\le i < \\text{height}`, no more",
    "Scale > 0 of ``x = 1`` and in_shape.": "Scale > 0 of ``x = 1`` and in_shape.",
    "R(x) = inner(x₁ side by side): one": ":math:`R(x) = \\text{inner}(x_1\\ \\text{side by side})`: one",
    "the norm is\nmax |ĥ|": "the norm is\n:math:`\\max \\lvert\\hat{h}\\rvert`",
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formula_in_tex(catalogue: Any, formula: str) -> None:
    assert import_module("catalogue.formula").tex(formula) == FORMULAS[formula]


@pytest.mark.parametrize("formula", ["2 % of x", "ä = 1", "‖x", "x[1", "x)", "x_"])
def test_what_is_no_notation_is_said(catalogue: Any, formula: str) -> None:
    with pytest.raises(ValueError, match=r"TeX|closed"):
        import_module("catalogue.formula").tex(formula)


@pytest.mark.parametrize("text", SENTENCES)
def test_formulas_of_a_sentence(catalogue: Any, text: str) -> None:
    assert import_module("catalogue.sentences").sentence(text) == SENTENCES[text]


@pytest.mark.parametrize(("module", "name"), MEMBERS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_docstring_begins_with_a_formula_in_tex(catalogue: Any, module: Any, name: str) -> None:
    first = import_module("catalogue.pages").summary(getattr(module, name))
    assert first.startswith(":math:`") or name in WORDED, first


def test_every_formula_of_the_reference_is_ascii(catalogue: Any) -> None:
    """What has no TeX raises; nothing that has is left as it was."""
    found = import_module("catalogue.found")
    formulas = []
    for family in (*catalogue.PICTURED, *catalogue.FAMILIES):
        for doc in [family.module, *map(family.member, family.members)]:
            text = found.with_math(inspect.getdoc(doc) or "")
            formulas += re.findall(r":math:`([^`]+)`|^\.\. math::\n\n   (.+)$", text, re.MULTILINE)
    assert len(formulas) > 200
    assert [f for f in formulas if not "".join(f).isascii()] == []


@pytest.mark.parametrize("module", [operators, priors, noise, solvers], ids=lambda m: m.__name__)
def test_every_block_of_a_docstring_is_a_display(catalogue: Any, module: Any) -> None:
    found = import_module("catalogue.found")
    for name in module.__all__:
        doc = inspect.getdoc(getattr(module, name)) or ""
        above = doc.split("\nParameters\n")[0]
        blocks = re.findall(r"\n\n((?: {4}.+\n?)+)", above)
        assert found.with_math(doc).count(".. math::") == len(blocks), name


def test_code_is_no_formula(catalogue: Any) -> None:
    code = "A block::\n\n    x = Σ_i y\n\n    z = 1\n\n.. code-block:: python\n\n    a = 1\n\nWords.\n\n    x = y\n"
    assert import_module("catalogue.found").with_math(code) == code.replace("    x = y", ".. math::\n\n   x = y")


@pytest.mark.parametrize("script", sorted((DOCS / "gallery").glob("*.py")), ids=lambda p: p.stem)
def test_formulas_of_examples(catalogue: Any, script: Path) -> None:
    """They stand indented; what ``::`` announces is code."""
    text = re.sub(r"^# ?", "", script.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert re.findall(r"::\n\n {4}.*[^\x00-\x7f*].* =.*|::\n\n {4}x\* =.*", text) == []
    page = text.split('"""')[1]
    displays = import_module("catalogue.found").with_displays(page, str).count(".. math::")
    assert displays == len(re.findall(r"^ {4}\w\* = ", page, re.MULTILINE))


def test_formulas_of_pages(catalogue: Any) -> None:
    fenced = import_module("catalogue.found").fenced
    page = "Solved as\n\n    x* = y\n\nwith\n\n```python\nif a:\n\n    b = 1\n\n```\n"
    assert fenced(page) == page.replace("    x* = y\n", "```{math}\nx^* = y\n```\n")
    for name in ("index.md", "ideas.md", "design.md", "../README.md"):
        assert fenced((DOCS / name).read_text(encoding="utf-8")).count("```{math}") == 1, name


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_a_page_holds_math_and_the_script_is_its_own(catalogue: Any, tmp_path: Path) -> None:
    if not (find_spec("sphinx") and find_spec("myst_parser") and find_spec("pydata_sphinx_theme")):
        pytest.skip("needs the extra docs")
    from sphinx.application import Sphinx

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "index.md").write_text("# One\n\n    x* = argmin_x E(x)\n\n```{toctree}\ntwo\n```\n", "utf-8")
    text = "Two\n===\n\n.. autoclass:: invprior.solvers.PDHG\n"
    (tmp_path / "in" / "two.rst").write_text(text, "utf-8")
    settings = {
        "extensions": ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"],
        "exclude_patterns": [],
        "html_sidebars": {},
    }
    folders = (str(tmp_path / "in"), str(DOCS), str(tmp_path / "out"), str(tmp_path / "trees"))
    app = Sphinx(*folders, "html", settings, status=None, warning=None)
    import_module("catalogue.hooks").setup(app)  # when the reference would have been written
    app.build()
    pages = {name: (tmp_path / "out" / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "two")}
    assert r"\[x^* = \operatorname*{argmin}_x E(x)\]" in pages["index"]
    assert r"\tilde{x} &amp;= \operatorname{prox}_{\tau G}(x - \tau \sum K_i^{\mathsf{H}} y_i)" in pages["two"]
    assert r"\(\theta = \frac{1}{\sqrt{1 + \mu\tau}}\)" in pages["two"]
    for page in pages.values():
        scripts = re.findall(r'<script[^>]*src="([^"]+)"', page)
        assert [s for s in scripts if "://" in s] == []
        (mathjax,) = [s for s in scripts if "tex-" in s]
        assert "MathJax" in (tmp_path / "out" / mathjax.split("?")[0]).read_text(encoding="utf-8")
