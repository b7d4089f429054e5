"""The members of a blend: a line and a picture for each, and their part of the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.io import Picture, write
from invprior.io.lock import make_folders
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


def write_members(folder: Path, target: Path, found: Sequence[Member]) -> None:
    """Write the picture of each member into a folder: ``OUT-1-dip.png``, with the name and kind of the target."""
    make_folders(folder.parent, folder.name)
    for k, member in enumerate(found, start=1):
        readable = re.sub(r"[^A-Za-z0-9.=+@-]+", "_", member.name).strip("_")[:80]
        write(folder / f"{target.stem}-{k}-{readable}{target.suffix}", member.picture)
