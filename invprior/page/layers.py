"""What the viewer shows of a picture file: square tiles of 8 bits in sRGB, of every size down to one tile."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips

from invprior.errors import InvpriorError
from invprior.io import read
from invprior.io.embedded import on_screen
from invprior.io.raster import first_line, size

SIDE = 512
# Formats that libvips brings to the screen itself; all others are shown as they are solved, 0 black and 1 white.
SIMPLE = {"uchar", "ushort"}
# Pyramids that are kept on disk; those that were looked at longest ago go first.
KEPT = 24


@dataclass(frozen=True)
class Layer:
    """A pyramid of tiles: level 0 is the smallest, the last one has the pixels of the file."""

    width: int
    height: int
    levels: int

    def described(self) -> dict[str, int]:
        return {"width": self.width, "height": self.height, "levels": self.levels, "side": SIDE}


class Layers:
    """The pyramids of picture files, made when they are first looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def layer(self, key: str, source: Path) -> Layer:
        """The pyramid of a file; ``key`` names it, with whatever changes when the file does.

        Raises
        ------
        InvpriorError
            If the file cannot be decoded.
        """
        width, height = size(source)
        levels = 1
        while max(width, height) > SIDE << (levels - 1):
            levels += 1
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if not (self._folder / key / "done").exists():
                self._make(key, source)
                self._forget()
            os.utime(self._folder / key)
        return Layer(width, height, levels)

    def tile(self, key: str, level: int, column: int, row: int) -> Path | None:
        """The file of a tile; None if there is no such one."""
        path = self._folder / key / f"p_files/{level}/{column}_{row}.png"
        if not path.is_file():
            return None
        os.utime(self._folder / key)
        return path

    def _make(self, key: str, source: Path) -> None:
        place = self._folder / key
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            image = displayed(source)
            image.dzsave(
                str(place / "p"), tile_size=SIDE, overlap=0, depth="onetile", suffix=".png[compression=1]", strip=True
            )
        except pyvips.Error as error:
            raise InvpriorError(f"the picture cannot be shown: {first_line(error)}") from error
        (place / "done").touch()

    def _forget(self) -> None:
        """Remove the pyramids that were looked at longest ago."""
        made = sorted(self._folder.iterdir(), key=lambda p: p.stat().st_mtime)
        for old in made[: max(0, len(made) - KEPT)]:
            shutil.rmtree(old, ignore_errors=True)


def displayed(source: Path) -> Any:
    """The upright picture as the screen shows it: sRGB, 8 bits, its alpha over gray."""
    image = pyvips.Image.new_from_file(str(source), access="sequential", fail_on="error")
    if image.format not in SIMPLE:
        return on_screen(read(source, missing=True).x)
    image = image.autorot()
    if image.interpretation not in ("b-w", "grey16", "srgb", "rgb", "rgb16", "cmyk") or image.bands > 4:
        return on_screen(read(source, missing=True).x)
    if image.get_typeof("icc-profile-data"):
        try:
            image = image.icc_transform("srgb", embedded=True, depth=8)
        except pyvips.Error:  # a profile that does not fit the pixels is not one to show them with
            image = image.colourspace("srgb")
    else:
        image = image.colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=[128, 128, 128])
    return image.cast("uchar")
