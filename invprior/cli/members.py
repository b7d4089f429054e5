"""The members of a blend: a line and a picture for each, and their part of the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture, write
from invprior.io.lock import make_folders
from invprior.io.whole import check_place
from invprior.solvers.blending import Blended
from invprior.solvers.result import Result


@dataclass(frozen=True, eq=False)
class Member:
    """A prior of a blend as written, the weight of its image, the image, its solve, and its scores with a truth."""

    name: str
    weight: float
    picture: Picture
    result: Result
    scores: dict[str, float]

    @property
    def line(self) -> str:
        """What the command says of it."""
        psnr = f", PSNR {self.scores['psnr']:.2f} dB" if self.scores else ""
        return f"  weight {self.weight:.2f}  {self.name}: {self.result.iterations} iterations{psnr}"

    @property
    def record(self) -> dict[str, Any]:
        """What the run record holds of it."""
        return {
            "prior": self.name,
            "weight": self.weight,
            "status": self.result.status.name,
            "iterations": self.result.iterations,
            "seconds": self.result.seconds,
            **self.scores,
        }


def members(
    names: Sequence[str],
    result: Result,
    finish: Callable[[Tensor], Picture],
    score: Callable[[Picture], dict[str, float]],
) -> list[Member]:
    """The members that a blend has solved, in its order; none of any other prior, or of a blend in tiles."""
    state = result.state.solver_state
    if not isinstance(state, Blended):
        return []
    found = []
    for name, weight, part in zip(names, state.weights, state.members, strict=True):
        if part.result is not None:
            picture = finish(part.x)
            found.append(Member(name, weight, picture, part.result, score(picture)))
    return found


def member_files(folder: Path, target: Path, names: Sequence[str]) -> list[Path]:
    """The picture of each member in a folder: ``OUT-1-dip.png``, with the name and kind of the target.

    Raises
    ------
    InvpriorError
        If the folder is a file, or lies in none.
    """
    if folder.exists() and not folder.is_dir():
        raise InvpriorError(f"--members takes a folder, and {folder} is a file")
    if not folder.is_dir():
        check_place(folder)
    readable = [re.sub(r"[^A-Za-z0-9.=+@-]+", "_", name).strip("_")[:80] for name in names]
    return [folder / f"{target.stem}-{k}-{name}{target.suffix}" for k, name in enumerate(readable, start=1)]


def write_members(folder: Path, target: Path, found: Sequence[Member]) -> None:
    """Write the pictures of the members into a folder."""
    files = member_files(folder, target, [member.name for member in found])
    make_folders(folder.parent, folder.name)
    for path, member in zip(files, found, strict=True):
        write(path, member.picture)
