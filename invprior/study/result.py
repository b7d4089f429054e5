"""The result of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from invprior.errors import InvpriorError
from invprior.study.grid import Grid, cells_grid, columns, means_grid
from invprior.study.plan import Cell, Study
from invprior.study.scores import Figure, with_oracle
from invprior.study.table import Mean, Row, means, rows
from invprior.study.verdict import Verdict, sentences, verdicts


@dataclass(frozen=True, eq=False)
class Comparison:
    """The result of a study.

    Attributes
    ----------
    study, folder
        The study, and the folder of its results.
    records
        The run record of every finished cell.
    failures
        For every cell without a record, a sentence that says what went wrong.
    """

    study: Study
    folder: Path
    records: dict[Cell, dict[str, Any]]
    failures: dict[Cell, str]

    @property
    def cells(self) -> list[dict[str, Any]]:
        """One dict per finished cell: its specs, its figures and why it stopped, without the curves."""
        return [{k: v for k, v in r.items() if not isinstance(v, list | dict)} for r in self._scored]

    @cached_property
    def rows(self) -> list[Row]:
        """One row for each picture, operator, noise and prior: mean and spread over the seeds."""
        return rows(self.study, self._scored)

    @cached_property
    def means(self) -> list[Mean]:
        """One mean over the pictures for each operator, noise and prior."""
        return means(self.study, self.rows)

    @cached_property
    def differences(self) -> list[Verdict]:
        """For each operator, noise and prior its differences from the baseline, with interval and test."""
        return verdicts(self.study, self.rows)

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each of :attr:`differences`: is it better than the baseline, by how much, how surely."""
        return sentences(self.differences)

    @property
    def columns(self) -> list[Figure]:
        """The figures that there are numbers for."""
        return columns(self.study, self._scored)

    @property
    def report(self) -> Path:
        """The page with the pictures and the curves."""
        return self.folder / "report.html"

    def grids(self, shown: list[Figure]) -> tuple[Grid, Grid]:
        """The means over the pictures, and the cells, as tables of these figures."""
        return (
            means_grid(self.study, self.means, self.differences, shown),
            cells_grid(self.study, self.rows, shown),
        )

    @cached_property
    def _scored(self) -> list[dict[str, Any]]:
        """The records, with the figures of the oracle if they were asked for."""
        return [with_oracle(r) if self.study.oracle else r for r in self.records.values()]

    def plot(self, figure: str = "psnr") -> Any:
        """Bars of a figure, one group per picture, with the spread of the seeds; a pyplot figure, as from ``show``.

        Raises
        ------
        InvpriorError
            If no cell has this figure, or matplotlib is not installed.
        """
        known = {f.key: f for f in self.columns}
        if figure not in known:
            raise InvpriorError(f"there is no figure {figure!r} to plot; choose among {', '.join(known)}")
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise InvpriorError("plot() needs matplotlib; pip install matplotlib") from error
        f, priors = known[figure], self.study.methods
        scenes = list(dict.fromkeys(row.scene for row in self.rows))
        canvas, axes = pyplot.subplots(figsize=(max(5.0, 1.6 * len(scenes)), 4.0), layout="constrained")
        width = 0.8 / len(priors)
        for k, prior in enumerate(priors):
            own = [(scenes.index(r.scene), r.figures[figure]) for r in self.rows if r.prior == prior]
            places = [place + (k + 0.5) * width - 0.4 for place, _ in own]
            axes.bar(places, [s.mean for _, s in own], width, yerr=[s.deviation for _, s in own], label=prior)
        axes.set_xticks(range(len(scenes)), [str(s).replace(" · ", "\n") for s in scenes])
        axes.set_ylabel(f"{f.title} {f.unit}".strip())
        canvas.legend(loc="outside upper center", ncols=len(priors))
        return canvas

    def _repr_html_(self) -> str:
        """The verdicts and the tables, for notebooks."""
        says = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.verdicts)
        failed = f"<p>{len(self.failures)} cells failed</p>" if self.failures else ""
        return says + "".join(_html(grid) for grid in self.grids(self.columns)) + failed


def _html(grid: Grid) -> str:
    head = ["prior", *grid.places, *(f"{f.title} {f.unit}".strip() for f in grid.columns)]
    lines = ["<tr>" + "".join(f"<th>{escape(text)}</th>" for text in head) + "</tr>"]
    for line in grid.lines:
        name = f"{line.method} (published)" if line.published else line.method
        cells = [escape(text) for text in (name, *line.place)]
        cells += [f"<b>{escape(e.text)}</b>" if e.best else escape(e.text) for e in line.entries]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table>{''.join(lines)}</table>"
