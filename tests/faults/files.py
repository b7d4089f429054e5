"""Files of every bad kind, as data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.faults.case import File

Pixels = NDArray[Any]


def pixels(width: int, height: int, bands: int = 3, seed: int = 0) -> NDArray[np.float64]:
    """A smooth picture with noise, (H, W, bands) in [0, 1]."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[0:height, 0:width]
    base = 0.5 + 0.3 * np.sin(row / 5)[:, :, None] * np.cos(column / 4)[:, :, None]
    values: NDArray[np.float64] = np.clip(base + 0.05 * rng.standard_normal((height, width, bands)), 0, 1)
    return values


def picture(width: int = 16, height: int = 16, mode: str = "RGB", kind: str = "PNG", seed: int = 0) -> File:
    """A sound picture of 8 bits in a mode of Pillow."""

    def make(path: Path) -> None:
        values = (pixels(width, height, seed=seed) * 255).astype(np.uint8)
        image = Image.fromarray(values)
        with path.open("wb") as file:
            (image if mode == "RGB" else image.convert(mode)).save(file, kind)

    return File(f"a {mode} {kind} of {width}x{height}", make)


def array(says: str, values: Callable[[], Pixels], kind: str = "tif") -> File:
    """A picture from an array (H, W, C) of any type, written by libvips, which keeps the type."""

    def make(path: Path) -> None:
        import pyvips

        path.write_bytes(pyvips.Image.new_from_array(np.ascontiguousarray(values())).write_to_buffer(f".{kind}"))

    return File(says, make)


def cut(of: File, share: float) -> File:
    """The first share of another file."""

    def make(path: Path) -> None:
        of.make(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return File(f"the first {share:.0%} of {of.says}", make)


def flipped(of: File, seed: int, n: int = 8) -> File:
    """Another file with some bytes changed at random."""

    def make(path: Path) -> None:
        of.make(path)
        data = bytearray(path.read_bytes())
        rng = np.random.default_rng(seed)
        for at in rng.integers(0, len(data), n):
            data[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(data))

    return File(f"{of.says} with {n} bytes changed (seed {seed})", make)


def content(data: bytes | str, says: str | None = None) -> File:
    """A file of this content."""
    raw = data.encode() if isinstance(data, str) else data
    return File(says or f"a file of {len(raw)} bytes", lambda path: _write(path, raw))


def _write(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


def folder(mode: int = 0o755) -> File:
    """An empty folder with these rights."""

    def make(path: Path) -> None:
        path.mkdir(exist_ok=True)
        path.chmod(mode)

    return File(f"a folder of mode {mode:o}", make)


def link(target: str) -> File:
    """A symbolic link."""
    return File(f"a link to {target}", lambda path: path.symlink_to(target))


def hard_link(target: str) -> File:
    """A second name of a file beside it."""
    return File(f"a hard link to {target}", lambda path: path.hardlink_to(path.parent / target))


def fifo() -> File:
    """A named pipe that nobody writes into."""
    return File("a named pipe", lambda path: os.mkfifo(path))


def rights(of: File, mode: int) -> File:
    """Another file with these rights."""

    def make(path: Path) -> None:
        of.make(path)
        path.chmod(mode)

    return File(f"{of.says} of mode {mode:o}", make)


def closed(mode: int = 0o000) -> File:
    """Change the rights of a folder that is there already."""
    return File(f"mode {mode:o}", lambda path: path.chmod(mode))


PICTURE = picture()
EMPTY = content(b"", "an empty file")
NOISE = content(np.random.default_rng(0).bytes(2000), "random bytes")
TEXT = content("hello\n", "a text")
