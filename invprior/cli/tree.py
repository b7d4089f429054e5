"""The pictures below a folder, and what of it cannot be looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from invprior.io.kinds import SUFFIXES
from invprior.io.modern import HEIC, NO_HEVC


@dataclass
class Tree:
    """What was found below a folder.

    Attributes
    ----------
    pictures
        Files with the suffix of a picture, sorted; none that is hidden or lies in OUT.
    faults
        A sentence for each folder, link and HEIC that cannot be read: not all was done that was asked for.
    results
        Number of pictures that were passed over because they lie in OUT.
    """

    pictures: list[Path] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    results: int = 0


def below(folder: Path, output: Path, suffixes: frozenset[str] = SUFFIXES) -> Tree:
    """Look through a folder at any depth; linked folders are followed, each folder is entered once."""
    tree, out = Tree(), os.path.realpath(output)
    seen = {os.path.realpath(folder)}

    def fault(error: OSError) -> None:
        tree.faults.append(f"cannot read {error.filename}: {error.strerror}")

    for place, folders, files in os.walk(folder, onerror=fault, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and _enter(Path(place) / name, seen))
        inside = os.path.realpath(place) != os.path.realpath(folder) and _within(os.path.realpath(place), out)
        for name in sorted(files):
            path = Path(place) / name
            if not name.startswith(".") and path.suffix.lower() in HEIC and not inside and suffixes == SUFFIXES:
                tree.faults.append(f"{path} is left out: it is HEIC, {NO_HEVC}")
            if name.startswith(".") or path.suffix.lower() not in suffixes:
                continue
            if inside:
                tree.results += 1
            elif path.is_symlink() and not os.path.exists(path):
                tree.faults.append(f"cannot read {path}: the link leads nowhere")
            elif path.is_file():
                tree.pictures.append(path)
    tree.pictures.sort()
    return tree


def _enter(folder: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    new = real not in seen
    seen.add(real)
    return new


def _within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder + os.sep)
