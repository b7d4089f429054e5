"""The result of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.study import drawing
from invprior.study.grid import Grid, cells_grid, columns, means_grid
from invprior.study.loading import Held, Last, array, loaded, merged, selected
from invprior.study.paper import Maker, strips, write_figures
from invprior.study.plan import Cell, Study
from invprior.study.report import NAME, write_report
from invprior.study.scores import Figure, with_oracle
from invprior.study.sheet import Sheet, latex, markdown, sheets
from invprior.study.store import MARK, Store
from invprior.study.sweep import Sweep, sweeps
from invprior.study.table import Mean, Row, main_figure, means, rows
from invprior.study.verdict import Verdict, sentences, verdicts

# What :meth:`Comparison.plot` can draw.
KINDS = ("bars", "differences", "curves")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The result of a study.

    Attributes
    ----------
    study, folder
        The study, and the folder of its results; None of a selection, and of several that were joined.
    records
        The run record of every finished cell.
    failures
        For every cell without a record, a sentence that says what went wrong.
    """

    study: Study
    folder: Path | None
    records: dict[Cell, dict[str, Any]]
    failures: dict[Cell, str]

    @classmethod
    def load(
        cls,
        folder: Path | str,
        *,
        crop: int | Last | None = "last",
        iterations: int | Last | None = "last",
        threads: int | Last = "last",
    ) -> Comparison:
        """All that was solved in a folder, by any command and call.

        Parameters
        ----------
        folder
            The ``output`` of :func:`invprior.compare`.
        crop, iterations, threads
            Only cells with these settings go into one table; ``last`` stands for those of the latest command.

        Raises
        ------
        InvpriorError
            If the folder is no study of this version, or has no such cell.
        """
        return cls(*loaded(Path(folder), crop=crop, iterations=iterations, threads=threads))

    def select(
        self,
        *,
        picture: str | Sequence[str] | None = None,
        operator: str | Sequence[str] | None = None,
        noise: str | Sequence[str] | None = None,
        prior: str | Sequence[str] | None = None,
        seed: int | Sequence[int] | None = None,
    ) -> Comparison:
        """The cells with these pictures, operators, noises, priors (or methods) and seeds; None takes all.

        Raises
        ------
        InvpriorError
            If there is none.
        """
        wanted = {"picture": picture, "operator": operator, "noise": noise, "prior": prior, "seed": seed}
        return Comparison(*selected(self._held, wanted))

    @staticmethod
    def merge(one: Comparison, other: Comparison) -> Comparison:
        """One comparison of the cells of two, such as studies of two machines.

        Raises
        ------
        InvpriorError
            If their crops, limits or numbers of threads differ, or they have two results for one cell.
        """
        return Comparison(*merged(one._held, other._held))

    def image(self, cell: Cell | Mapping[str, Any]) -> Tensor:
        """The image (C, H, W) of a cell as it was solved, not clipped; a cell is one of ``records`` or of ``cells``."""
        return array(self._of(cell), "x")

    def measurement(self, cell: Cell | Mapping[str, Any]) -> Tensor:
        """The measurement y that a cell was solved from."""
        return array(self._of(cell), "y")

    def truth(self, cell: Cell | Mapping[str, Any]) -> Tensor:
        """The clean picture of a cell."""
        return array(self._of(cell), "truth")

    def _of(self, cell: Cell | Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(cell, Cell) and cell in self.records:
            return self.records[cell]
        if isinstance(cell, Mapping) and {"folder", "measurement_file"} <= set(cell):
            return dict(cell)
        raise InvpriorError(f"a cell is a key of records or an element of cells, got {shown(cell)}")

    @property
    def _held(self) -> Held:
        return Held(self.study, self.folder, self.records, self.failures)

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

    def sweep(self, figure: str = "psnr") -> list[Sweep]:
        """The curves of the priors whose spec has several values for a setting, one for each operator and noise."""
        return sweeps(self.study.methods, self.rows, figure)

    @property
    def report(self) -> Path:
        """The page with the pictures and the curves."""
        return self._place(None) / NAME

    def _place(self, folder: Path | str | None) -> Path:
        place = self.folder if folder is None else Path(folder)
        if place is None:
            raise InvpriorError("a selection, or several studies in one, lies in no folder of its own; name a new one")
        return place

    def write(self, folder: Path | str, again: str = "", *, overwrite: bool = False) -> Path:
        """Write the page ``report.html`` and the tables ``table.tex`` and ``table.md`` into a folder.

        A study does so itself; this is for a selection, and for several studies in one.

        Parameters
        ----------
        folder
            Made if it is not there.
        again
            The command that the page names for running all of it again.
        overwrite
            True to write over files of these names; those of another study are never touched.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        InvpriorError
            If a file cannot be written.
        """
        place = Path(folder)
        if place != self.folder and (place / MARK).is_file():
            raise InvpriorError(
                f"{place} holds a study, whose page and tables would be written over; name a new folder"
            )
        made = [place / name for name in (NAME, "table.tex", "table.md")]
        there = [path for path in made if path.exists()]
        if there and place != self.folder and not overwrite:
            raise InvpriorError(f"{there[0]} exists; give overwrite=True, or another folder")
        _made(place)
        write_report(self, place, again)
        store = Store(place)
        store.text("table.tex", self.latex())
        store.text("table.md", self.markdown())
        return place / NAME

    def grids(self, shown: list[Figure]) -> tuple[Grid, Grid]:
        """The means over the pictures, and the cells, as tables of these figures."""
        return (
            means_grid(self.study, self.means, self.differences, shown),
            cells_grid(self.study, self.rows, shown),
        )

    def frame(self) -> Any:
        """The cells as a ``pandas.DataFrame``, one row each.

        Raises
        ------
        InvpriorError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise InvpriorError("frame() needs pandas; pip install pandas") from error
        return pandas.DataFrame(self.cells)

    def latex(self, figure: str | None = None) -> str:
        r"""A table for a paper, for ``\input`` with the package booktabs: pictures down, methods across, means first.

        The best of each line is bold; published methods bear a dagger. There is one table for each operator and noise.

        Parameters
        ----------
        figure
            ``psnr``, ``psnr_y``, ``ssim`` …; None for that of the verdict.
        """
        return latex(self._sheets(figure), self._remarks(figure))

    def markdown(self, figure: str | None = None) -> str:
        """The table of :meth:`latex` in Markdown, with the verdicts above it."""
        return markdown(self._sheets(figure), self._remarks(figure))

    def _sheets(self, figure: str | None) -> list[Sheet]:
        groups = dict.fromkeys(mean.group for mean in self.means)
        chosen = {
            g: main_figure(self.study, g, self._scored) if figure is None else self._figure(figure) for g in groups
        }
        return sheets(self.study, self.means, self.rows, chosen)

    def _remarks(self, figure: str | None) -> list[str]:
        """The verdicts by the figure that is shown, and where published ones come from."""
        judged = self.differences if figure is None else verdicts(self.study, self.rows, self._figure(figure))
        return [*sentences(judged), *(f"† published: {table.metric}" for table in self.study.published)]

    def _figure(self, key: str) -> Figure:
        known = {f.key: f for f in self.columns}
        if key not in known:
            raise InvpriorError(f"there is no figure {key!r} here; choose among {', '.join(known)}")
        return known[key]

    @cached_property
    def _scored(self) -> list[dict[str, Any]]:
        """The records, with the figures of the oracle if they were asked for."""
        return [with_oracle(r) if self.study.oracle else r for r in self.records.values()]

    @property
    def main(self) -> Figure:
        """The figure that the first operator and noise are judged by."""
        return main_figure(self.study, self.means[0].group, self._scored)

    def plot(self, figure: str = "psnr", kind: str = "bars") -> Any:
        """A pyplot figure of the comparison, as from ``show``.

        Parameters
        ----------
        figure
            ``psnr``, ``ssim`` …: what bars show.
        kind
            ``bars``: means over the pictures with their 95 % interval, then each picture with the spread of its seeds;
            ``differences``: from the baseline, a dot a picture, the mean and its interval; ``curves``: PSNR over time.

        Raises
        ------
        InvpriorError
            If no cell has this figure, there is no such kind, or matplotlib is not installed.
        """
        if kind not in KINDS:
            raise InvpriorError(f"there is no plot of kind {kind!r}; choose among {', '.join(KINDS)}")
        shown = self._figure(figure)
        if kind == "curves":
            return drawing.curves(self.study.methods, self.rows)
        if kind == "differences":
            if not self.differences:
                raise InvpriorError("there is nothing to compare: a single prior has no differences to plot")
            return drawing.differences(self.differences)
        return drawing.bars(self.study.methods, self.means, self.rows, shown)

    def draw(self, folder: Path | str | None = None) -> list[Path]:
        """Write figures for a paper into ``figures/`` of a folder, as SVG and PDF, and return their paths.

        These are the three kinds of :meth:`plot`, and for the first six scenes a strip of all pictures with the part
        enlarged in which the priors differ most.

        Parameters
        ----------
        folder
            None for that of the study; a selection, or several studies in one, have none.

        Raises
        ------
        InvpriorError
            If matplotlib is not installed, there is no folder, or a file cannot be written.
        """
        place = self._place(folder)
        if not self.rows:
            return []
        kinds = [kind for kind in KINDS if kind != "differences" or self.differences]
        makers: dict[str, Maker] = {kind: partial(self.plot, self.main.key, kind) for kind in kinds}
        _made(place)
        return write_figures(place, makers | strips(self.records))

    def _repr_html_(self) -> str:
        """The verdicts and the tables, for notebooks."""
        says = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.verdicts)
        failed = f"<p>{len(self.failures)} cells failed</p>" if self.failures else ""
        return says + "".join(_html(grid) for grid in self.grids(self.columns)) + failed


def _made(folder: Path) -> None:
    """Make a folder, and those it lies in."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvpriorError(f"cannot make the folder {folder}: {error.strerror}; give another") from error


def _html(grid: Grid) -> str:
    head = ["prior", *grid.places, *(f"{f.title} {f.unit}".strip() for f in grid.columns)]
    lines = ["<tr>" + "".join(f"<th>{escape(text)}</th>" for text in head) + "</tr>"]
    for line in grid.lines:
        name = f"{line.method} (published)" if line.published else line.method
        cells = [escape(text) for text in (name, *line.place)]
        cells += [f"<b>{escape(e.text)}</b>" if e.best else escape(e.text) for e in line.entries]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table>{''.join(lines)}</table>"
