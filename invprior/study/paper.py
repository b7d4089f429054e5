"""Figures for a paper in the folder of a study, as SVG and PDF."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from invprior.io.lock import make_folders
from invprior.io.whole import whole_file
from invprior.study import drawing
from invprior.study.plan import Cell, Scene
from invprior.study.store import Store

# Draws a figure.
Maker = Callable[[], Any]

FOLDER = "figures"
STRIPS = 6  # scenes that get a strip; a paper has room for few
# The same figure is the same file, and its letters stay letters in a PDF.
SETTINGS = {"svg.hashsalt": "invprior", "pdf.fonttype": 42}
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def write_figures(folder: Path, makers: Mapping[str, Maker]) -> list[Path]:
    """Write each figure into ``figures/`` of a folder, twice, and return the paths.

    Raises
    ------
    InvpriorError
        If matplotlib is not installed, or a file cannot be written.
    """
    plots = drawing.pyplot("draw()")
    make_folders(folder, FOLDER)
    written = []
    with plots.rc_context(SETTINGS):
        for name, make in makers.items():
            canvas = make()
            canvas.draw_without_rendering()
            canvas.set_layout_engine("none")  # laid out once, not for every file
            for ending, metadata in UNDATED.items():
                path = folder / FOLDER / f"{name}.{ending}"
                with whole_file(path) as temporary:
                    canvas.savefig(temporary, format=ending, metadata=metadata, dpi=200)
                written.append(path)
            plots.close(canvas)
    return written


def strips(records: Mapping[Cell, dict[str, Any]]) -> dict[str, Maker]:
    """A strip of pictures for each of the first scenes whose truth and measurement are still there."""
    made: dict[str, Maker] = {}
    for k, scene in enumerate(list(dict.fromkeys(cell.scene for cell in records))[:STRIPS]):
        shown = _pictures(scene, records)
        if shown is not None:
            made[f"strip-{k + 1}"] = partial(_strip, shown)
    return made


def _pictures(scene: Scene, records: Mapping[Cell, dict[str, Any]]) -> dict[str, NDArray[np.uint8]] | None:
    """Truth, degraded and restored pictures of a scene's first finished seed; None if the first two are not there."""
    cells = [cell for cell in records if cell.scene == scene]
    seed = min(cell.seed for cell in cells)
    first = next(cell for cell in cells if cell.seed == seed)
    store = Store.of(records[first])
    try:
        files = {"truth": store.truth(first).read_bytes(), "degraded": store.degraded(first)}
    except FileNotFoundError:
        return None
    for cell in cells:
        if cell.seed == seed:
            psnr = records[cell].get("psnr")
            files[cell.prior + ("" if psnr is None else f"\n{psnr:.2f} dB")] = Store.of(records[cell]).restored(cell)
    return {name: _read(content) for name, content in files.items()}


def _strip(shown: dict[str, NDArray[np.uint8]]) -> Any:
    height, width, channels = shown["truth"].shape
    if shown["degraded"].shape != shown["truth"].shape:  # of lower resolution: each of its pixels as a block
        small = Image.fromarray(shown["degraded"].squeeze())
        large = np.asarray(small.resize((width, height), Image.Resampling.NEAREST)).reshape(height, width, -1)
        shown = shown | {"degraded": large}
    restored = [x for name, x in shown.items() if name not in ("truth", "degraded") and x.shape[-1] == channels]
    return drawing.strip(shown, drawing.telling_part(restored, shown["truth"]))


def _read(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels
