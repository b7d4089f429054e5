"""A study on disk: every finished cell is written at once, whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from invprior.errors import InvpriorError
from invprior.io.lock import held_file, make_folders
from invprior.io.whole import OWN, remove_leftovers, whole_file, whole_folder
from invprior.runs.record import VERSION, save_record
from invprior.study.cell import CellOutcome
from invprior.study.measurement import Trial
from invprior.study.pictures import pixels, visible, write_pixels
from invprior.study.plan import Cell
from invprior.study.scores import FIGURES

RECORD, PICTURE, IMAGE, TABLE, MARK = "run.json", "restored.png", "restored.npz", "results.csv", "study.json"
CONTENTS, LOCK = "contents.json", ".lock"
COLUMNS = (
    "picture",
    "operator_spec",
    "noise_spec",
    "prior",
    "seed",
    *(f.key for f in FIGURES),
    "status",
    "weight_rule",
    "device",
    "threads",
    "crop",
    "limit",
    "key",
    "folder",
)

# What the table and the report take from a record.
PARTS = {
    **dict.fromkeys(("key", "picture", "operator_spec", "noise_spec", "prior", "status", "device"), str),
    **dict.fromkeys(("measurement", "measurement_file"), str),
    **dict.fromkeys(("seed", "solve_seed", "threads"), int),
    **dict.fromkeys(("history", "curve"), list),
    "versions": dict,
}


class Store:
    """The folder of a study.

    It holds ``cells/NAME/`` for every finished cell, with ``run.json``, the image as it is (``restored.npz``, the array
    x) and for eyes (``restored.png``); ``pictures/`` with the truths and the measurements, likewise, from the moment
    that a scene is measured; and ``results.csv`` with a line for every cell that was ever solved here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.cells, self.pictures = folder, folder / "cells", folder / "pictures"

    @classmethod
    def of(cls, record: dict[str, Any]) -> Store:
        """The folder of the study that a finished cell lies in."""
        return cls(Path(record["folder"]).parents[1])

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder and lock it against other studies.

        Raises
        ------
        InvpriorError
            If it cannot be made, another process writes into it, or its cells are of another version.
        """
        self.check()
        with held_file(self.folder / LOCK):
            self.text(MARK, _mark())
            make_folders(self.folder, self.cells.name, self.pictures.name)
            for folder in (self.folder, self.cells, self.pictures):
                remove_leftovers(folder)
            yield

    def check(self) -> None:
        """Raise unless the folder is new, empty, or bears the mark of a study of this version."""
        if not self.folder.is_dir():
            return
        mark = self.folder / MARK
        if mark.is_file() and mark.read_bytes() == _mark().encode():
            return
        if mark.is_file() or any(self.cells.glob(f"*/{RECORD}")):
            raise InvpriorError(
                f"{self.folder} holds a study of another version of invprior, which is not touched; give another folder"
            )
        others = [
            entry.name for entry in self.folder.iterdir() if entry.name != LOCK and not entry.name.startswith(OWN)
        ]
        if others:
            raise InvpriorError(
                f"cannot write into {self.folder}: it holds {others[0]!r} and is no study; give a new or empty folder"
            )

    def record(self, cell: Cell) -> dict[str, Any] | None:
        """The record of a cell on disk, with its folder; None if the cell is not finished."""
        record = self._record(self.cells / cell.name)
        return record if record is not None and record["key"] == cell.key else None

    def every(self) -> list[dict[str, Any]]:
        """The records of all finished cells, whichever command solved them, the oldest first."""
        paths = [path.parent for path in self.cells.glob(f"[!.]*/{RECORD}")]
        records = [self._record(path) for path in sorted(paths, key=lambda p: (p / RECORD).stat().st_mtime_ns)]
        return [record for record in records if record is not None]

    def _record(self, folder: Path) -> dict[str, Any] | None:
        path = folder / RECORD
        files = [path.with_name(name) for name in (PICTURE, IMAGE)]
        try:
            record = json.loads(path.read_bytes())
            whole = _sound(record) and all(file.stat().st_size > 0 for file in files)
        except (OSError, ValueError, RecursionError):  # not there, or cut off: to be done again
            return None
        return {**record, "folder": str(folder)} if whole else None

    def finished(self, cell: Cell) -> dict[str, Any]:
        """The record of a finished cell."""
        record = self.record(cell)
        assert record is not None
        return record

    def keep(self, outcome: CellOutcome) -> None:
        """Write a finished cell into a temporary folder, which is then renamed.

        Raises
        ------
        InvpriorError
            If it cannot be written, for instance on a full disk.
        """
        assert outcome.record is not None
        assert outcome.image is not None
        assert outcome.picture is not None
        final = self.cells / outcome.cell.name
        try:
            with whole_folder(final) as aside:
                np.savez(aside / IMAGE, x=outcome.image)
                write_pixels(aside / PICTURE, outcome.picture)
                save_record(aside / RECORD, outcome.record)
        except InvpriorError as error:
            raise InvpriorError(f"{error}; finished cells are kept, run the command again to resume") from error

    def restored(self, cell: Cell) -> bytes:
        """The PNG of a finished cell."""
        return (self.cells / cell.name / PICTURE).read_bytes()

    def measured(self, cell: Cell) -> Path:
        """The file of the measurement that a cell was solved from, the arrays y and truth; its picture is beside it."""
        text = f"{cell.scene.source.name}--{cell.scene.operator}--{cell.scene.noise}"
        return self.pictures / f"{readable(text)}--seed{cell.seed}-{cell.measurement}.npz"

    def truth(self, cell: Cell) -> Path:
        """The picture of a cell's truth."""
        return self.pictures / f"{readable(cell.scene.source.name)}-{cell.measurement.partition('-')[0]}.png"

    def keep_measurement(self, cell: Cell, given: Trial) -> None:
        """Write a measurement and its truth, as they are and for eyes; what is there already stays."""
        path = self.measured(cell)
        if not (path.is_file() and path.stat().st_size):
            with whole_file(path) as temporary:
                np.savez(temporary, y=given.y.cpu().numpy(), truth=given.truth.cpu().numpy())
        for picture, x in ((path.with_suffix(".png"), visible(given)), (self.truth(cell), given.truth)):
            if not (picture.is_file() and picture.stat().st_size):
                write_pixels(picture, pixels(x))

    def has_measurement(self, cell: Cell) -> bool:
        """True if measurement and truth of a cell are on disk."""
        path = self.measured(cell)
        files = (path, path.with_suffix(".png"), self.truth(cell))
        return all(file.is_file() and file.stat().st_size for file in files)

    def degraded(self, cell: Cell) -> bytes:
        """The PNG of the measurement of a cell."""
        return self.measured(cell).with_suffix(".png").read_bytes()

    def rewrite_table(self, cells: list[Cell]) -> None:
        """Write ``results.csv`` anew: the finished cells among these, then all others that were ever solved here."""
        lines = io.StringIO()
        writer = csv.writer(lines)
        writer.writerow(COLUMNS)
        asked = [record for cell in cells if (record := self.record(cell)) is not None]
        keys = {record["key"] for record in asked}
        for record in (*asked, *(r for r in self.every() if r["key"] not in keys)):
            writer.writerow(self._line(record, Path(record["folder"]).name))
        self.text(TABLE, lines.getvalue())

    def add_line(self, outcome: CellOutcome) -> None:
        """Append a line to ``results.csv``."""
        assert outcome.record is not None
        try:
            with (self.folder / TABLE).open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(self._line(outcome.record, outcome.cell.name))
        except OSError as error:
            raise InvpriorError(
                f"cannot write {self.folder / TABLE}: {error.strerror}; finished cells are kept, run the command again "
                "to resume"
            ) from error

    def text(self, name: str, text: str) -> Path:
        """Write a text file, whole or not at all."""
        path = self.folder / name
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        return path

    def _line(self, record: dict[str, Any], name: str) -> list[Any]:
        return [f"{self.cells.name}/{name}" if c == "folder" else record.get(c) for c in COLUMNS]


def _sound(record: Any) -> bool:
    """True if this is a record as a cell writes it: its parts, and a number or nothing for every figure."""
    if not isinstance(record, dict) or not all(isinstance(record.get(k), kind) for k, kind in PARTS.items()):
        return False
    if not all(isinstance(record.get(key, ""), int | None) for key in ("crop", "limit")):
        return False
    numbers = all(isinstance(record.get(f.key), int | float | None) for f in FIGURES)
    return numbers and all(isinstance(row, dict) for row in record["history"])


def _mark() -> str:
    """The content of ``study.json``: the version of the format."""
    return json.dumps({"invprior study": VERSION}) + "\n"


def readable(name: str) -> str:
    """A name for a file; names that differ only in what a file name cannot show stay apart."""
    shown = re.sub(r"[^A-Za-z0-9.=+@-]+", "_", name)
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return shown[:120] + ("" if shown[:120] == name else f"-{digest}")
