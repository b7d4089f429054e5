"""Volumes: the pages of a TIFF as slices that lie one behind the other, restored at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from invprior.errors import InvpriorError
from invprior.io import Picture
from invprior.io.stack import read_volume, write_volume
from invprior.purpose import Film, Purpose
from invprior.runs.tasks import Denoise, Task


@dataclass(frozen=True)
class Volume(Denoise):
    """A = identity on an image (D, H, W), the pages of a gray TIFF.

    Attributes
    ----------
    stack
        The file, whose kind of pages and description the written one has; None until it is read.
    """

    stack: Path | None = None
    name: ClassVar[str] = "volume"
    volume: ClassVar[bool] = True

    @property
    def preset_task(self) -> str:
        return Denoise.name

    def of_file(self, path: Path) -> Task:
        return Volume(path)

    def check_readable(self, path: Path) -> None:
        """Nothing: the pages are read before the solve."""

    def read(self, source: Path) -> Picture:
        return read_volume(source)

    def write(self, path: Path, picture: Picture) -> None:
        if self.stack is None:
            raise InvpriorError("a volume is written like the stack that it came from; restore the stack itself")
        write_volume(path, picture, self.stack)

    def purpose(self, device: str, film: Film | None = None) -> Purpose:
        return Purpose(self.preset_task, volume=True)
