"""The segments of a JPEG that libvips does not carry: its comments, and a resolution that nobody knows."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

START, SCAN, COMMENT = b"\xff\xd8", 0xDA, 0xFE
APPLICATION = range(0xE0, 0xF0)


def read_comments(path: Path) -> tuple[bytes, ...]:
    """The comments before the first scan; none if the file is no JPEG."""
    with path.open("rb") as file:
        if file.read(2) != START:
            return ()
        found = []
        while len(head := file.read(4)) == 4:
            mark, kind, length = struct.unpack(">BBH", head)
            if mark != 0xFF or kind == SCAN or length < 2:
                break
            content = file.read(length - 2)
            if kind == COMMENT:
                found.append(content)
        return tuple(found)


def with_comments(data: bytes, comments: tuple[bytes, ...]) -> bytes:
    """A JPEG with these comments after its application segments."""
    at = max((end for kind, _, end in _segments(data) if kind in APPLICATION), default=2)
    return data[:at] + b"".join(struct.pack(">BBH", 0xFF, COMMENT, len(c) + 2) + c for c in comments) + data[at:]


def without_density(data: bytes) -> bytes:
    """A JPEG that says no more of its resolution than that pixels are square."""
    for kind, start, _ in _segments(data):
        if kind == 0xE0 and data[start + 4 : start + 9] == b"JFIF\0":
            return data[: start + 11] + struct.pack(">BHH", 0, 1, 1) + data[start + 16 :]
    return data


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of the segments before the first scan."""
    at = 2
    while at + 4 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or kind == SCAN:
            return
        yield kind, at, at + 2 + length
        at += 2 + length
