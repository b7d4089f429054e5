"""The overlays of ImageJ: blocks of bytes in a tag of a TIFF, in the byte order of the file."""

from __future__ import annotations

import struct
from pathlib import Path

from invprior.io.ifd import Directory, Tag

COUNTS, BLOCKS = 50838, 50839
WIDTHS = {b"info": 2, b"labl": 2, b"prop": 2, b"rang": 8}  # bytes of a number; all other blocks are single bytes


def to_order(tags: Directory, path: Path, order: str) -> Directory:
    """The tags of the TIFF in ``path`` with the overlays in another byte order, ``little`` or ``big``."""
    counts, blocks = tags.get(COUNTS), tags.get(BLOCKS)
    with path.open("rb") as file:
        was = "big" if file.read(2) == b"MM" else "little"
    if (
        was == order
        or not isinstance(counts, Tag)
        or not isinstance(blocks, Tag)
        or not isinstance(blocks.values, bytes)
    ):
        return tags
    try:
        return tags | {BLOCKS: Tag(blocks.kind, _swapped(blocks.values, [int(n) for n in counts.values], was))}
    except (struct.error, IndexError):  # not as ImageJ writes it, so nobody could read it
        return {k: tag for k, tag in tags.items() if k not in (COUNTS, BLOCKS)}


def _swapped(data: bytes, counts: list[int], was: str) -> bytes:
    """The header, of the mark and of pairs of kind and number, and then that many blocks of each kind."""
    head, lengths = data[: counts[0]], counts[1:]
    widths = []
    for at in range(4, counts[0], 8):
        kind, number = struct.unpack_from(">4sI" if was == "big" else "<4sI", head, at)
        kind = kind if was == "big" else kind[::-1]
        widths += [WIDTHS.get(kind, 1)] * min(number, len(lengths))
    parts, at = [_reversed(head, 4)], counts[0]
    for length, width in zip(lengths, widths, strict=False):
        parts.append(_reversed(data[at : at + length], width))
        at += length
    return b"".join(parts)


def _reversed(data: bytes, width: int) -> bytes:
    return b"".join(data[k : k + width][::-1] for k in range(0, len(data), width))
