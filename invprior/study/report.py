"""The report of a study, one self-contained page: table, pictures, curves, and how to run the study again."""

from __future__ import annotations

import base64
import json
import os
import platform
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from invprior.runs.record import versions
from invprior.study.grid import Grid
from invprior.study.pictures import png_size
from invprior.study.plan import Cell, Scene, Study
from invprior.study.scores import Figure
from invprior.study.store import Store
from invprior.study.sweep import Sweep
from invprior.study.sweep_chart import charts
from invprior.study.table import Row

NAME = "report.html"

# Columns of a history that stop rules use; the objective does not tell when to stop.
SIGNALS = ("gap", "residual", "discrepancy", "windowed_variance", "moving_variance", "held_out")


class Compared(Protocol):
    """What the page shows of a comparison."""

    @property
    def study(self) -> Study: ...
    @property
    def records(self) -> dict[Cell, dict[str, Any]]: ...
    @property
    def failures(self) -> dict[Cell, str]: ...
    @property
    def verdicts(self) -> list[str]: ...
    @property
    def columns(self) -> list[Figure]: ...
    @property
    def main(self) -> Figure: ...
    @property
    def rows(self) -> list[Row]: ...
    def grids(self, shown: list[Figure]) -> tuple[Grid, Grid]: ...
    def sweep(self, figure: str = ...) -> list[Sweep]: ...


class Pictures:
    """Numbered PNGs in base64, without duplicates."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self._known: dict[bytes, int] = {}

    def add(self, png: bytes) -> int:
        if png not in self._known:
            self._known[png] = len(self.held)
            self.held.append(base64.b64encode(png).decode())
        return self._known[png]


def write_report(result: Compared, folder: Path, again: str) -> None:
    """Write ``report.html`` into a folder; ``again`` is what repeats the study, empty if no single command does."""
    study = result.study
    records = list(result.records.values())
    means, cells = result.grids(result.columns)
    scenes = [s for s in study.scenes if any(c.scene == s for c in result.records)]
    held = Pictures()
    shown = [_scene(scene, result, held) for scene in scenes]
    held_json = json.dumps({"scenes": shown, "pictures": held.held}, allow_nan=False).replace("<", "\\u003c")
    page = _template().render(
        title=study.title or "Comparison of priors",
        summary=_summary(result),
        verdicts=result.verdicts,
        failures=list(result.failures.items()),
        seeds=study.seeds,
        against=study.against,
        definitions=result.columns,
        means=means,
        cells=cells,
        scenes=scenes,
        sweeps=charts(result.sweep(result.main.key), result.main) if result.rows else [],
        published=[table.metric for table in study.published],
        crop=study.crop,
        command=again,
        study_file=study.file.read_text(encoding="utf-8") if study.file else None,
        study_file_name=study.file.name if study.file else None,
        versions=_versions(records),
        css=Markup(_part("report.css")),  # our own files: nothing in them is to be escaped
        script=Markup(_part("report.js")),
        data=Markup(held_json),
    )
    Store(folder).text(NAME, page)


def _template() -> Any:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_part("report.html"))


def _part(name: str) -> str:
    return files("invprior.study").joinpath(name).read_text(encoding="utf-8")


def _summary(result: Compared) -> str:
    study = result.study
    counts = (
        (len(study.sources), "picture"),
        (len(study.operators), "operator"),
        (len(study.noises), "noise"),
        (len(study.methods), "method"),
        (study.seeds, "seed"),
    )
    text = " × ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in counts)
    crop = f", the middle {study.crop}×{study.crop} pixels of each" if study.crop else ""
    limit = f", at most {study.iterations} iterations in every solve" if study.iterations else ""
    return f"{text}{crop}{limit}: {len(result.records)} cells finished."


def _scene(scene: Scene, result: Compared, held: Pictures) -> dict[str, Any]:
    shots = []
    for seed in range(result.study.seeds):
        cells = {c.prior: c for c in result.records if c.scene == scene and c.seed == seed}
        if not cells:
            continue
        first = next(iter(cells.values()))
        store = Store.of(result.records[first])
        truth = store.truth(first).read_bytes()
        pictures = {"truth": held.add(truth), "degraded": held.add(store.degraded(first))}
        pictures |= {prior: held.add(Store.of(result.records[c]).restored(c)) for prior, c in cells.items()}
        runs = {prior: _run(cell, result.records[cell]) for prior, cell in cells.items()}
        shots.append({"seed": seed, "pictures": pictures, "runs": runs})
        size = png_size(truth)
    return {"title": str(scene), "size": size, "shots": shots}


def _run(cell: Cell, record: dict[str, Any]) -> dict[str, Any]:
    signals: dict[str, list[list[float]]] = {}
    for line in record["history"]:
        for name in SIGNALS:
            if line.get(name) is not None:
                signals.setdefault(name, []).append([line["iteration"], line["seconds"], line[name]])
    psnr = [point for point in record["curve"] if point[2] is not None]
    kept = [record["kept"], record["kept_seconds"], record["psnr"]]
    return {"psnr": psnr, "kept": kept if None not in kept else None, "signals": signals}


def _versions(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    rows = {**versions(), "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"}
    for key in ("device", "threads"):
        rows[f"{key} of a cell"] = ", ".join(sorted({str(r[key]) for r in records}))
    older = {json.dumps(r["versions"]) for r in records} - {json.dumps(versions())}
    if older:
        rows["note"] = "some cells were solved with other versions; the run.json of each cell has them"
    return list(rows.items())
