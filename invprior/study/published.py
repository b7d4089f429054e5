"""Figures that others published, for the pictures of a study."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invprior.errors import InvpriorError

# Columns that published numbers may belong to.
FIGURE_KEYS = ("psnr", "psnr_y", "ssim", "lpips")


@dataclass(frozen=True)
class Published:
    """A published table: what was measured, by which methods, on which pictures, for which degradation.

    Attributes
    ----------
    figure
        The column that the numbers belong to: ``psnr``, ``psnr_y`` …
    metric
        What exactly was published, in words.
    columns
        The methods.
    figures
        For each picture, by its name, one number per method, None if none was published.
    operator, noise
        Specs of the degradation; None for the only one of the study.
    """

    figure: str
    metric: str
    columns: tuple[str, ...]
    figures: Mapping[str, tuple[float | None, ...]]
    operator: str | None = None
    noise: str | None = None

    def __post_init__(self) -> None:
        if self.figure not in FIGURE_KEYS:
            raise InvpriorError(f"published figures: {self.figure!r} is none of {', '.join(FIGURE_KEYS)}")
        for name, row in self.figures.items():
            if len(row) != len(self.columns):
                raise InvpriorError(
                    f"published figures of {name!r}: {len(row)} numbers for {len(self.columns)} columns"
                )

    def stands(self, operator: str, noise: str) -> bool:
        """True if the figures are of this degradation."""
        return self.operator in (None, operator) and self.noise in (None, noise)

    def number(self, picture: str, column: str) -> float | None:
        """The figure of a method on a picture, or None."""
        row: tuple[float | None, ...] = self.figures.get(picture, (None,) * len(self.columns))
        return row[self.columns.index(column)]

    def mean(self, pictures: Sequence[str], column: str) -> float | None:
        """The mean figure of a method over pictures, or None if one of them has none."""
        numbers = [n for name in pictures if (n := self.number(name, column)) is not None]
        return statistics.fmean(numbers) if numbers and len(numbers) == len(pictures) else None


def check_published(tables: Any, operators: Sequence[str], noises: Sequence[str]) -> None:
    """Raise unless every table says which of the operators and noises it belongs to."""
    if not isinstance(tables, tuple) or not all(isinstance(table, Published) for table in tables):
        raise InvpriorError("published takes a tuple of Published tables")
    for table in tables:
        for what, named, known in (("operator", table.operator, operators), ("noise", table.noise, noises)):
            if named is None and len(known) > 1:
                raise InvpriorError(
                    f"the published figures do not say to which {what} they belong; add {what} = one of "
                    f"{', '.join(map(repr, known))}"
                )
            if named is not None and named not in known:
                raise InvpriorError(
                    f"the published figures belong to {what} {named!r}, which is not in the study; it has "
                    f"{', '.join(map(repr, known))}"
                )
