"""Sphinx: ``python -m sphinx -W --keep-going docs docs/_build/html``; INVPRIOR_DOCS=short for examples of seconds."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import invprior  # noqa: E402
from catalogue import write  # noqa: E402

project = "invprior"
version = release = invprior.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
smartquotes = False  # --sigma is an option
exclude_patterns = ["_build", "gallery", "catalogue"]

html_theme = "pydata_sphinx_theme"
html_title = "invprior"
html_static_path = ["_static"]
html_css_files = ["invprior.css"]
html_sidebars = {"index": [], "start": []}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "colon_fence"]

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
    "backreferences_dir": "auto_examples/backreferences",
    "doc_module": ("invprior",),
    "abort_on_example_error": True,
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib",),
    "remove_config_comments": True,
    "write_computation_times": False,
    "min_reported_time": 1,
}

# Links that lead to the sources on a repository's page lead to what is made of them here.
MADE = {
    r"\]\(gallery/(\w+)\.py\)": r"](auto_examples/\1.rst)",
    r"\]\(gallery/?\)": "](auto_examples/index.rst)",
    r"\]\((?:\.\./)?(operators|priors)/?\)": r"](reference/\1.rst)",
    r"\]\((?:\.\./)?README\.md\)": "](start.md)",
    r"\]\((?:\.\./)?CHANGELOG\.md\)": "](changelog.md)",
    r"\]\(LICENSE\)": "](../LICENSE)",
    r"\]\(docs/": "](",
}


def follow(app, docname, source):
    for there, here in MADE.items():
        source[0] = re.sub(there, here, source[0])


def escape(app, what, name, obj, options, lines):
    """A | in a docstring is a modulus, never the start of a substitution."""
    lines[:] = ["``".join(p if i % 2 else p.replace("|", r"\|") for i, p in enumerate(x.split("``"))) for x in lines]


def setup(app):
    app.connect("builder-inited", lambda app: write(HERE / "reference"))
    app.connect("source-read", follow)
    app.connect("include-read", lambda app, path, parent, content: follow(app, parent, content))
    app.connect("autodoc-process-docstring", escape)
