"""Comparisons that are read, narrowed and joined without solving anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.study.contents import Contents
from invprior.study.plan import Cell, Scene, Study
from invprior.study.source import Source
from invprior.study.store import CONTENTS, IMAGE, Store

Records = dict[Cell, dict[str, Any]]
# The setting of the latest command in a folder.
Last = Literal["last"]


@dataclass(frozen=True, kw_only=True)
class StoredStudy(Study):
    """The grid of cells that were solved before: its specs are texts, which nothing reads again."""

    def __post_init__(self) -> None:
        pass  # files and modules that the specs name may be on another machine

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(map(str, self.priors))


class Held(NamedTuple):
    """The parts of a comparison."""

    study: Study
    folder: Path | None
    records: Records
    failures: dict[Cell, str]


def loaded(folder: Path, *, crop: int | Last | None, iterations: int | Last | None, threads: int | Last) -> Held:
    """All cells of a folder that were solved with these settings, whichever command solved them.

    Raises
    ------
    InvpriorError
        If the folder is no study of this version, or has no such cell.
    """
    store = Store(folder)
    store.check()
    contents = Contents.read(folder / CONTENTS)
    if contents is None:
        raise InvpriorError(f"{folder} holds no finished study; run its command again")
    wanted = (
        contents.crop if crop == "last" else crop,
        contents.iterations if iterations == "last" else iterations,
        contents.threads if threads == "last" else threads,
    )
    newest: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in store.every():  # the oldest first
        if (record["crop"], record["limit"], record["threads"]) == wanted:
            newest[_place(record)] = record
    if not newest:
        raise InvpriorError(
            f"{folder} holds no cell with crop {wanted[0]}, iterations {wanted[1]} and threads {wanted[2]}"
        )
    sources = [Source(name, Path(clean), None if d is None else Path(d)) for name, clean, d in contents.pictures]
    study = StoredStudy(
        sources=tuple(sources),
        operators=contents.operators,
        noises=contents.noises,
        priors=contents.methods,
        crop=wanted[0],
        iterations=wanted[1],
        threads=wanted[2],
        title=contents.title,
    )
    by_name = {source.name: source for source in sources}
    records = {_cell(by_name, record): record for record in newest.values() if record["picture"] in by_name}
    return Held(_narrowed(study, list(records)), folder, _in_order(study, records), {})


def selected(held: Held, wanted: Mapping[str, str | int | Sequence[str | int] | None]) -> Held:
    """The cells whose ``picture``, ``operator``, ``noise``, ``prior`` and ``seed`` are among those that are given.

    Raises
    ------
    InvpriorError
        If there is none.
    """
    given = {key: _several(value) for key, value in wanted.items() if value is not None}
    records = {c: r for c, r in held.records.items() if _is_among(c, given)}
    failures = {c: f for c, f in held.failures.items() if _is_among(c, given)}
    if not records and not failures:
        for key, values in given.items():
            there = sorted({str(_parts(cell)[key]) for cell in held.records})
            if not {str(v) for v in values} & set(there):
                raise InvpriorError(f"there is no cell with {key} {values[0]!r}; there are {', '.join(there)}")
        raise InvpriorError("there is no cell with all of these together")
    return Held(_narrowed(held.study, [*records, *failures]), None, records, failures)


def merged(one: Held, other: Held) -> Held:
    """The cells of both, those of the first before those of the second.

    Raises
    ------
    InvpriorError
        If their cells are not comparable: other crops, limits or numbers of threads, or two results for one cell.
    """
    for what in ("crop", "iterations", "threads"):
        a, b = getattr(one.study, what), getattr(other.study, what)
        if a != b:
            raise InvpriorError(f"comparisons of one table have the same {what}, got {a} and {b}")
    places = {_place(record): cell for cell, record in one.records.items()}
    for cell, record in other.records.items():
        twin = places.get(_place(record))
        if twin is not None and twin.key != cell.key:
            raise InvpriorError(
                f"both have the cell {cell}, of other files or other code; select from one of them first"
            )
    study = StoredStudy(
        sources=tuple({s.name: s for s in (*one.study.sources, *other.study.sources)}.values()),
        operators=tuple(dict.fromkeys((*one.study.operators, *other.study.operators))),
        noises=tuple(dict.fromkeys((*one.study.noises, *other.study.noises))),
        priors=tuple(dict.fromkeys((*one.study.methods, *other.study.methods))),
        seeds=max(one.study.seeds, other.study.seeds),
        crop=one.study.crop,
        iterations=one.study.iterations,
        threads=one.study.threads,
        title=one.study.title,
        published=one.study.published or other.study.published,
        baseline=one.study.baseline or other.study.baseline,
        oracle=one.study.oracle or other.study.oracle,
    )
    # cells of one picture are those of one source, whatever the folders of the two
    sources = {s.name: s for s in study.sources}
    records = {_cell(sources, r): r for held in (one, other) for r in held.records.values()}
    failures = {c: f for c, f in (one.failures | other.failures).items() if c not in records}
    return Held(study, None, _in_order(study, records), failures)


def array(record: dict[str, Any], name: Literal["x", "y", "truth"]) -> Tensor:
    """The image x, the measurement y or the truth of a record, as it was solved.

    Raises
    ------
    InvpriorError
        If the file is gone.
    """
    cell = Path(record["folder"])
    path = cell / IMAGE if name == "x" else cell.parents[1] / record["measurement_file"]
    if not path.is_file():
        raise InvpriorError(f"there is no {path}; run the study's command again, which makes it anew")

    def read() -> Tensor:
        with np.load(path, allow_pickle=False) as held:
            return torch.from_numpy(held[name])

    return called(f"read {path}", read)


def _cell(sources: dict[str, Source], record: dict[str, Any]) -> Cell:
    scene = Scene(sources[record["picture"]], record["operator_spec"], record["noise_spec"])
    numbers = record["seed"], record["key"], record["measurement"], record["solve_seed"]
    return Cell(scene, record["prior"], *numbers)


def _place(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(record[key]) for key in ("picture", "operator_spec", "noise_spec", "prior", "seed"))


def _parts(cell: Cell) -> dict[str, str | int]:
    scene = cell.scene
    return {
        "picture": scene.source.name,
        "operator": scene.operator,
        "noise": scene.noise,
        "prior": cell.prior,
        "seed": cell.seed,
    }


def _several(value: str | int | Sequence[str | int]) -> list[str | int]:
    return [value] if isinstance(value, str | int) else list(value)


def _is_among(cell: Cell, given: dict[str, list[str | int]]) -> bool:
    return all(_parts(cell)[key] in values for key, values in given.items())


def _narrowed(study: Study, cells: Sequence[Cell]) -> StoredStudy:
    """The study with only what these cells have."""
    methods = tuple(text for text in study.methods if any(c.prior == text for c in cells))
    return StoredStudy(
        sources=tuple(s for s in study.sources if any(c.scene.source.name == s.name for c in cells)),
        operators=tuple(text for text in study.operators if any(c.scene.operator == text for c in cells)),
        noises=tuple(text for text in study.noises if any(c.scene.noise == text for c in cells)),
        priors=methods,
        seeds=1 + max(c.seed for c in cells),
        crop=study.crop,
        iterations=study.iterations,
        threads=study.threads,
        title=study.title,
        published=study.published,
        baseline=study.baseline if study.baseline in methods else None,
        oracle=study.oracle,
    )


def _in_order(study: Study, records: Records) -> Records:
    scenes = {scene: k for k, scene in enumerate(study.scenes)}
    methods = {text: k for k, text in enumerate(study.methods)}
    order = sorted(
        records, key=lambda c: (c.seed, scenes.get(c.scene, len(scenes)), methods.get(c.prior, len(methods)))
    )
    return {cell: records[cell] for cell in order}
