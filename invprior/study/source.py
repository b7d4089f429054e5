"""The pictures of a study: their files, and the part of them that is used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture
from invprior.io.image import read_whole
from invprior.specs.operator import Frame


@dataclass(frozen=True)
class Source:
    """A clean picture with its name, and the file of its measurement if there is one."""

    name: str
    clean: Path
    degraded: Path | None = None

    def digest(self) -> str:
        """Hash of the bytes of the files, so that another picture under the old name is another cell."""
        found = hashlib.sha256(self.clean.read_bytes())
        if self.degraded is not None:
            found.update(self.degraded.read_bytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False)
class Subject:
    """A source that was read: the truth, its place in its file, and the picture of the degraded file."""

    truth: Tensor
    frame: Frame
    file: Picture | None


def sources(clean: Sequence[Path], degraded: Sequence[Path]) -> tuple[Source, ...]:
    """Pair the files in the order given; each is named after its clean file.

    Raises
    ------
    InvpriorError
        If a file is missing, the numbers differ, or two files have one name.
    """
    if not clean:
        raise InvpriorError("there is no picture to compare on; give at least one clean one")
    if degraded and len(degraded) != len(clean):
        raise InvpriorError(
            f"{len(clean)} clean pictures and {len(degraded)} degraded ones do not pair up; give as many"
        )
    partners: Sequence[Path | None] = degraded or [None] * len(clean)
    return check_sources([Source(c.stem, c, d) for c, d in zip(clean, partners, strict=True)])


def check_sources(found: Sequence[Source]) -> tuple[Source, ...]:
    """Raise if a file is missing, or a name is empty or repeated."""
    for source in found:
        for path in (source.clean, source.degraded):
            if path is not None and not path.is_file():
                raise InvpriorError(f"there is no picture {path}")
    names = [source.name for source in found]
    if any(not isinstance(name, str) or not name.strip() for name in names):
        raise InvpriorError("a picture of a study has no name; give it one")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvpriorError(f"two pictures are named {twice!r}; rename one, or name them in a study file")
    return tuple(found)


def _sound(path: Path) -> Picture:
    return read_whole(path, "is nothing to compare with; take another")


def open_source(source: Source, crop: int | None) -> Subject:
    """Read a source and crop it to the middle ``crop`` × ``crop`` pixels; None keeps all of it.

    Raises
    ------
    InvpriorError
        If a file is not a gray or RGB picture or is smaller than the crop, or a degraded one to crop has another size.
    """
    clean = _sound(source.clean)
    truth = clean.x
    if truth.shape[0] not in (1, 3):
        raise InvpriorError(f"{source.clean} has {truth.shape[0]} channels; a study takes gray and RGB pictures")
    file = None if source.degraded is None else _sound(source.degraded)
    if file is not None:  # all figures are computed in the scale of the truth
        file = file.with_pixels(file.in_scale_of(clean), None)
    C, H, W = truth.shape
    if crop is None:
        return Subject(truth, Frame((C, H, W), (H, W), degraded=None if file is None else file.x), file)
    if crop > min(H, W):
        raise InvpriorError(f"{source.clean} is {W}×{H} pixels, too small to cut {crop}×{crop} out of it")
    if file is not None and file.x.shape[-2:] != truth.shape[-2:]:
        raise InvpriorError(f"{source.degraded} has another size than {source.clean}, so neither can be cropped")
    frame = Frame((C, crop, crop), (H, W), (H - crop) // 2, (W - crop) // 2)
    if file is not None:
        file = file.with_pixels(frame.cut(file.x), None)
        frame = Frame(frame.shape, frame.full, frame.top, frame.left, file.x)
    return Subject(frame.cut(truth), frame, file)
