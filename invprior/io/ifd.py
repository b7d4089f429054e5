"""Image file directories: the tags of a TIFF and of an EXIF block, as numbers and bytes, read and written."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

# Types of TIFF 6.0 and BigTIFF by number; the values of a rational are its numerator and its denominator.
CODES = {3: "H", 4: "I", 5: "II", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
BYTES = {1, 2, 6, 7}  # numbers, text and whatever else is one byte each
LONG, LONG8, SLONG8 = 4, 16, 17
SMALLER = {LONG8: LONG, SLONG8: 9}  # what BigTIFF alone has
OFFSETS = {13, 18}
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
BELOW = {EXIF, GPS, INTEROPERABILITY}  # tags that point to directories below
DEEPEST = 3


@dataclass(frozen=True)
class Tag:
    """A tag: the number of its type, and its values, bytes for the types of one byte."""

    kind: int
    values: bytes | tuple[float, ...]


Directory = dict[int, "Tag | Directory"]


@dataclass(frozen=True)
class Layout:
    """Byte order, and the widths of BigTIFF or of TIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def entry(self) -> str:
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def place(self) -> int:
        """Where the offset of the first directory stands."""
        return 8 if self.big else 4


def read_tiff(path: Path) -> Directory | None:
    """The tags of the first picture of a TIFF; None if the file is none or is damaged there."""
    with path.open("rb") as file:
        return _read(file)


def read_exif(block: bytes) -> Directory | None:
    """The tags of an EXIF block, with or without the mark that it has in JPEG."""
    return _read(BytesIO(block.removeprefix(b"Exif\0\0")))


def write_exif(tags: Directory) -> bytes:
    """An EXIF block with these tags."""
    layout = Layout("<", big=False)
    return b"II*\0" + struct.pack("<I", 8) + _packed(tags, 8, layout)


def replace_tags(path: Path, tags: Directory) -> None:
    """Give the first picture of a TIFF these tags: a new directory at the end takes the place of the old one."""
    with path.open("r+b") as file:
        layout = _layout(file)
        assert layout is not None
        end = file.seek(0, 2)
        end += file.write(b"\0" * (-end % 8))
        file.write(_packed(tags, end, layout))
        file.seek(layout.place)
        file.write(struct.pack(layout.offset, end))


def _read(file: BinaryIO) -> Directory | None:
    layout = _layout(file)
    if layout is None:
        return None
    try:
        (start,) = _unpacked(file, layout.offset)
        return _directory(file, start, layout, DEEPEST)
    except (struct.error, OSError, OverflowError, MemoryError):
        return None


def _layout(file: BinaryIO) -> Layout | None:
    """The layout that the header of a file tells, which is then at the offset of the first directory."""
    head = file.read(4)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 4:
        return None
    (version,) = struct.unpack(order + "H", head[2:])
    if version == 43:
        file.read(4)
    return Layout(order, version == 43) if version in (42, 43) else None


def _unpacked(file: BinaryIO, code: str) -> tuple[int, ...]:
    return struct.unpack(code, file.read(struct.calcsize(code)))


def _directory(file: BinaryIO, start: int, layout: Layout, deepest: int) -> Directory:
    """The directory at ``start``; tags of unknown types, or whose values lie beyond the end, are left out."""
    size = file.seek(0, 2)
    file.seek(start)
    (count,) = _unpacked(file, layout.count)
    width = struct.calcsize(layout.entry) + struct.calcsize(layout.offset)
    entries = file.read(count * width) if count * width <= size else b""
    found: Directory = {}
    for k in range(len(entries) // width):
        entry = entries[k * width : (k + 1) * width]
        number, kind, n = struct.unpack_from(layout.entry, entry)
        value = entry[struct.calcsize(layout.entry) :]
        (offset,) = struct.unpack(layout.offset, value)
        if number in BELOW:
            if deepest:
                found[number] = _directory(file, offset, layout, deepest - 1)
            continue
        if kind not in BYTES and kind not in CODES:
            continue
        code = CODES.get(kind, "B")
        length = n * struct.calcsize("=" + code)
        if length > len(value):
            if offset + length > size:
                continue
            file.seek(offset)
            value = file.read(length)
        data = value[:length]
        found[number] = Tag(kind, data if kind in BYTES else struct.unpack(f"{layout.order}{code * n}", data))
    return found


def _packed(tags: Directory, start: int, layout: Layout) -> bytes:
    """A directory that stands at ``start``, followed by the values that do not fit into it."""
    kept = {number: tag for number, tag in sorted(tags.items()) if not _lost(tag, layout)}
    room = struct.calcsize(layout.offset)
    head = struct.pack(layout.count, len(kept))
    width = struct.calcsize(layout.entry) + room
    after = start + len(head) + len(kept) * width + room
    entries, beyond = b"", b""
    for number, tag in kept.items():
        place = after + len(beyond)
        if isinstance(tag, dict):
            entries += struct.pack(layout.entry, number, LONG, 1) + struct.pack(layout.order + "I", place).ljust(
                room, b"\0"
            )
            beyond += _even(_packed(tag, place, layout))
            continue
        kind, data, n = _data(tag, layout)
        inline = len(data) <= room
        entries += struct.pack(layout.entry, number, kind, n)
        entries += data.ljust(room, b"\0") if inline else struct.pack(layout.offset, place)
        beyond += b"" if inline else _even(data)
    return head + entries + bytes(room) + beyond


def _data(tag: Tag, layout: Layout) -> tuple[int, bytes, int]:
    """Type, bytes and number of values of a tag."""
    if isinstance(tag.values, bytes):
        return tag.kind, tag.values, len(tag.values)
    kind = tag.kind if layout.big else SMALLER.get(tag.kind, tag.kind)
    code = CODES[kind]
    n = len(tag.values) // len(code)
    return kind, struct.pack(layout.order + code * n, *tag.values), n


def _lost(tag: Tag | Directory, layout: Layout) -> bool:
    """True if a tag points to somewhere in the file that it came from, or is too large for the layout."""
    if isinstance(tag, dict):
        return False
    if tag.kind in OFFSETS:
        return True
    return not layout.big and tag.kind in SMALLER and any(not -(2**31) <= v < 2**31 for v in tag.values)


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)
