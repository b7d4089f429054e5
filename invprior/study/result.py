"""The result of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.study.loading import Held, Last, array, loaded, merged, selected
from invprior.study.plan import Cell, Study
from invprior.study.scores import FIGURES, figures
from invprior.study.sweep import Sweep, sweeps
from invprior.study.table import Row, rows, verdicts


@dataclass(frozen=True, eq=False)
class Comparison:
    """The result of a study; ``pandas.DataFrame(comparison.cells)`` is a table of it.

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
        return [{k: v for k, v in r.items() if not isinstance(v, list | dict)} for r in self.records.values()]

    @cached_property
    def rows(self) -> list[Row]:
        """One row for each picture, operator, noise and prior: mean and spread over the seeds."""
        return rows(self.study, list(self.records.values()))

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each operator and noise: which prior has the highest PSNR, and by how much."""
        return verdicts(self.study, self.rows, FIGURES[0])

    def sweep(self, figure: str = "psnr") -> list[Sweep]:
        """The curves of the priors whose spec has several values for a setting, one for each operator and noise."""
        return sweeps(self.study.methods, self.rows, figure)

    @property
    def report(self) -> Path:
        """The page with the pictures and the curves."""
        return self.folder / "report.html"

    def plot(self, figure: str = "psnr") -> Any:
        """Bars of a figure, one group per picture, with the spread of the seeds; a pyplot figure, as from ``show``.

        Raises
        ------
        InvpriorError
            If no cell has this figure, or matplotlib is not installed.
        """
        known = {f.key: f for f in figures(list(self.records.values()))}
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
        """The table, for notebooks."""
        shown = figures(list(self.records.values()))
        head = ["picture", "operator", "noise", "prior", *(f"{f.title} {f.unit}".strip() for f in shown)]
        lines = ["<tr>" + "".join(f"<th>{escape(text)}</th>" for text in head) + "</tr>"]
        for row in self.rows:
            place = (row.scene.source.name, row.scene.operator, row.scene.noise, row.prior)
            numbers = [(row.figures[f.key].text(f.digits) if f.key in row.figures else "–", f.key) for f in shown]
            cells = [escape(text) for text in place]
            cells += [f"<b>{text}</b>" if key in row.best else text for text, key in numbers]
            lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        says = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.verdicts)
        failed = f"<p>{len(self.failures)} cells failed</p>" if self.failures else ""
        return f"<table>{''.join(lines)}</table>{says}{failed}"
