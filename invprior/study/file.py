"""Study files, in TOML."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from invprior.errors import InvpriorError
from invprior.io.paths import check_regular
from invprior.study.plan import DEFAULT_PRIORS, Study
from invprior.study.published import Published
from invprior.study.source import Source, check_sources

KEYS = (
    *("title", "pictures", "operators", "noises", "priors", "methods", "seeds", "crop", "iterations", "threads"),
    *("baseline", "oracle", "published"),
)
LISTS = ("pictures", "operators", "noises", "priors", "methods")


def read_study(
    path: Path,
    data: Path | None,
    *,
    seeds: int | None,
    crop: int | None,
    iterations: int | None,
    threads: int | None = None,
) -> Study:
    """Read a study file; ``seeds``, ``crop``, ``iterations`` and ``threads`` override those of the file.

    Parameters
    ----------
    path
        The TOML file: ``pictures``, a list of files or of tables ``{clean, degraded, name}``; ``operators``,
        ``noises``, ``priors``, ``methods``, ``seeds``, ``crop``, ``iterations``, ``threads``, ``baseline``, ``oracle``
        and ``title``; ``[published]`` with ``figure``, ``metric``, ``columns`` and ``[published.figures]``, where nan
        is a number not published; with ``operator`` and ``noise`` in a study of several; ``[[published]]`` for several
        tables.
    data
        Folder of its pictures, masks and point spread functions; None for the folder of the file.

    Raises
    ------
    InvpriorError
        If the file cannot be read, or holds an unknown key or a wrong value.
    """
    check_regular(path)
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvpriorError(f"cannot read the study {path}: {error.strerror}") from error
    except RecursionError as error:
        raise InvpriorError(f"{path} nests its lists or tables too deeply") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvpriorError(f"{path} is not TOML: {error}") from error
    base = path.parent if data is None else data
    if not base.is_dir():
        raise InvpriorError(f"there is no folder {base} to take the pictures of {path} from")
    for key in table:
        if key not in KEYS:
            raise InvpriorError(f"{path}: a study has no {key!r}; it has {', '.join(KEYS)}")
    for key in LISTS:
        if not isinstance(table.get(key, []), list):
            raise InvpriorError(f"{path}: {key} must be a list")
    if not table.get("pictures"):
        raise InvpriorError(f"{path}: a study needs pictures, a list of files or of tables {{clean, degraded, name}}")
    return Study(
        sources=check_sources([_source(path, base, entry) for entry in table["pictures"]]),
        operators=_texts(path, table, "operators", ("identity",)),
        noises=_texts(path, table, "noises", ("rounding",)),
        priors=_texts(path, table, "priors", DEFAULT_PRIORS),
        outside=_texts(path, table, "methods", ()),
        seeds=table.get("seeds", 3) if seeds is None else seeds,
        crop=table.get("crop") if crop is None else crop or None,
        iterations=table.get("iterations") if iterations is None else iterations,
        threads=table.get("threads", 1) if threads is None else threads,
        base=base,
        title=str(table.get("title", path.stem)),
        published=tuple(_published(path, t) for t in _tables(table.get("published", []))),
        baseline=table.get("baseline"),
        oracle=table.get("oracle", False),
        file=path,
    )


def _source(path: Path, base: Path, entry: Any) -> Source:
    table = {"clean": entry} if isinstance(entry, str) else entry
    if (
        not isinstance(table, dict)
        or "clean" not in table
        or not set(table) <= {"clean", "degraded", "name"}
        or not all(isinstance(v, str) for v in table.values())
    ):
        raise InvpriorError(f"{path}: a picture is a file name or {{clean, degraded, name}}, got {entry!r}")
    clean = base / table["clean"]
    return Source(table.get("name", clean.stem), clean, base / table["degraded"] if "degraded" in table else None)


def _texts(path: Path, table: dict[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    values = tuple(table.get(key, default))
    if not all(isinstance(text, str) for text in values):
        raise InvpriorError(f"{path}: {key} must be a list of texts, got {table[key]!r}")
    return values


def _tables(published: Any) -> list[Any]:
    return published if isinstance(published, list) else [published]


def _published(path: Path, table: Any) -> Published:
    try:
        figures = {
            str(name): tuple(None if math.isnan(x) else float(x) for x in row) for name, row in table["figures"].items()
        }
        values = str(table["figure"]), str(table["metric"]), tuple(map(str, table["columns"])), figures
        place = tuple(None if table.get(key) is None else str(table[key]) for key in ("operator", "noise"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvpriorError(
            f"{path}: published takes figure, metric, columns and figures, one number per column for each picture"
        ) from error
    return Published(*values, *place)
