"""The segments of a JPEG that libvips does not carry: its comments, and a resolution that nobody knows."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

START, SCAN, COMMENT, JFIF, TABLES = b"\xff\xd8", 0xDA, 0xFE, 0xE0, 0xDB
# The sum of the steps for brightness in Annex K of the standard, which quality 50 takes as they are.
SUM_AT_50 = 3688
APPLICATION = range(0xE0, 0xF0)


def read_comments(path: Path) -> tuple[bytes, ...]:
    """The comments before the first scan; none if the file is no JPEG."""
    return tuple(content for kind, content in _contents(path) if kind == COMMENT)


def read_quality(path: Path) -> int | None:
    """The quality, 1 to 100, at which the usual encoder has steps of this size; None if the file is no JPEG.

    The steps are those of Annex K of ITU-T T.81 times 50/q below quality 50, and times 2 − q/50 above.
    """
    tables = next((content for kind, content in _contents(path) if kind == TABLES), b"")
    deep = len(tables) > 0 and tables[0] >> 4
    steps = tables[1:129] if deep else tables[1:65]
    if len(steps) < (128 if deep else 64):
        return None
    scale = float(sum(struct.unpack(">64H" if deep else ">64B", steps))) / SUM_AT_50
    return min(max(round(100 - 50 * scale if scale <= 1 else 50 / scale), 1), 100)


def _contents(path: Path) -> Iterator[tuple[int, bytes]]:
    """Kind and content of the segments of a file before the first scan; none if it is no JPEG."""
    with path.open("rb") as file:
        if file.read(2) != START:
            return
        while len(head := file.read(4)) == 4:
            mark, kind, length = struct.unpack(">BBH", head)
            if mark != 0xFF or kind == SCAN or length < 2:
                return
            yield kind, file.read(length - 2)


def with_comments(data: bytes, comments: tuple[bytes, ...]) -> bytes:
    """A JPEG with these comments after its application segments."""
    at = max((end for kind, _, end in _segments(data) if kind in APPLICATION), default=2)
    return data[:at] + b"".join(struct.pack(">BBH", 0xFF, COMMENT, len(c) + 2) + c for c in comments) + data[at:]


def with_exif(data: bytes, block: bytes) -> bytes:
    """A JPEG with this EXIF block after the segment of JFIF."""
    at = next((end for kind, _, end in _segments(data) if kind == JFIF), 2)
    content = b"Exif\0\0" + block
    return data[:at] + struct.pack(">BBH", 0xFF, 0xE1, len(content) + 2) + content + data[at:]


def with_resolution(data: bytes, per_inch: tuple[float, float] | None) -> bytes:
    """A JPEG with a segment of JFIF, which gives the resolution, or None if nobody knows more than square pixels."""
    for kind, start, end in _segments(data):
        if kind == JFIF:
            data = data[:start] + data[end:]
            break
    x, y = (1, 1) if per_inch is None else (min(max(1, round(v)), 2**16 - 1) for v in per_inch)
    content = b"JFIF\0" + struct.pack(">BBBHHBB", 1, 1, per_inch is not None, x, y, 0, 0)
    return data[:2] + struct.pack(">BBH", 0xFF, JFIF, len(content) + 2) + content + data[2:]


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of the segments before the first scan."""
    at = 2
    while at + 4 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or kind == SCAN:
            return
        yield kind, at, at + 2 + length
        at += 2 + length
