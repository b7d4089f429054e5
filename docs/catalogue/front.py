"""Draws the picture of the front page: ``PYTHONPATH=. python docs/catalogue/front.py``, some minutes."""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib

DOCS = Path(__file__).parents[1]


def main() -> None:
    matplotlib.use("agg")
    from matplotlib import pyplot

    runpy.run_path(str(DOCS / "gallery" / "dip_beside_tv.py"))
    pyplot.gcf().savefig(DOCS / "front.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
