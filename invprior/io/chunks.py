"""The chunks of a PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = (b"tEXt", b"zTXt", b"iTXt")
# What stays true of a restored picture, of the chunks that depend on its pixels; others say of themselves that they
# may be copied, by the case of their last letter. The time of the last change and the significant bits do not.
KEPT = {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"mDCv", b"cLLi"}
DROPPED = {b"tIME"}

Chunk = tuple[bytes, bytes]


def read_chunks(path: Path) -> tuple[Chunk, ...]:
    """The names and contents of all chunks of a PNG that go out with its picture; none if the file is no PNG."""
    with path.open("rb") as file:
        if file.read(8) != SIGNATURE:
            return ()
        found = []
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            if _travels(name):
                found.append((name, file.read(length)))
                file.seek(4, 1)
            else:
                file.seek(length + 4, 1)
        return tuple(found)


def _travels(name: bytes) -> bool:
    ancillary, safe = name[:1].islower(), name[3:].islower()
    return ancillary and (safe or name in KEPT) and name not in DROPPED


def replace_chunks(data: bytes, chunks: tuple[Chunk, ...]) -> bytes:
    """A PNG with these chunks in the place of those that :func:`read_chunks` would find."""
    return with_chunks(SIGNATURE + b"".join(_bytes(c) for c in _all(data) if not _travels(c[0])), chunks)


def with_chunks(data: bytes, chunks: tuple[Chunk, ...]) -> bytes:
    """A PNG with these chunks too, before its pixels."""
    parts = [SIGNATURE]
    placed = False
    for name, content in _all(data):
        if name in (b"PLTE", b"IDAT") and not placed:
            parts += [_bytes(chunk) for chunk in chunks]
            placed = True
        parts.append(_bytes((name, content)))
    return b"".join(parts)


def without_chunk(data: bytes, unwanted: bytes) -> bytes:
    """A PNG without the chunks of a name."""
    return SIGNATURE + b"".join(_bytes(chunk) for chunk in _all(data) if chunk[0] != unwanted)


def _all(data: bytes) -> Iterator[Chunk]:
    at = len(SIGNATURE)
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += length + 12


def _bytes(chunk: Chunk) -> bytes:
    name, content = chunk
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
