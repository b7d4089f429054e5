"""Sphinx: ``python -m sphinx -W --keep-going docs docs/_build/html``; INVPRIOR_DOCS=short for examples of seconds."""

import os
import sys
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import invprior

project = "invprior"
version = release = invprior.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "catalogue.hooks",
]
exclude_patterns = ["_build", "gallery", "catalogue"]

html_theme = "pydata_sphinx_theme"
html_title = "invprior"
# MathJax's one file that needs no fonts, so that formulas show without a network and from file:// in every browser.
mathjax_path = "tex-svg.js"
html_static_path = ["_static", str(files("sphinx-mathjax-offline") / "static" / "mathjax" / mathjax_path)]
mathjax3_config = {
    "svg": {"fontCache": "local"},
    "options": {"enableMenu": False},  # its entries would load what is not there
}
html_css_files = ["invprior.css"]
html_sidebars = {"index": [], "start": []}
html_show_sourcelink = False
html_copy_source = False
SHORT = os.environ.get("INVPRIOR_DOCS") == "short"  # as the examples ask too
html_theme_options = {
    "announcement": "The examples of this copy were cut short: their pictures and figures are not those of their texts."
    if SHORT
    else "",
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"*": ["page-toc"], "reference/**": ["page-toc"]},  # code of examples is wide
    "footer_start": [],
    "footer_end": [],
}

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]

autodoc_inherit_docstrings = False  # a method that says nothing new has no entry
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_attr_annotations = False
napoleon_custom_sections = [("Cost", "notes_style")]

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "catalogue.hooks.ForReaders",
    "backreferences_dir": "auto_examples/backreferences",
    "doc_module": ("invprior",),
    "abort_on_example_error": True,
    "image_scrapers": ("matplotlib",),
    "capture_repr": ("_repr_html_",),  # a table, never "<Figure size 600x670 with 4 Axes>"
    "reset_modules": ("matplotlib",),
    "remove_config_comments": True,
    "write_computation_times": False,
    "min_reported_time": 1,
}
