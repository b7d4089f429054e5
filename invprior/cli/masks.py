"""Masks of holes: for pictures from a picture, for films from a picture or a film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import read_mask
from invprior.io.image import SUFFIXES
from invprior.io.missing import MARKS
from invprior.io.video import Clip, Reader, read_clip
from invprior.runs.tasks import Inpaint, InpaintMissing, Task


def known_pixels(mask: Path, invert: bool) -> Tensor:
    """The known pixels (H, W) of a mask; raise if there is none."""
    known = read_mask(mask, invert)
    if not bool(known.any()):
        raise InvpriorError(f"the mask {mask} leaves no pixel known; white = hole, invert it with --invert-mask")
    return known


def inpainting(mask: Path, invert: bool) -> tuple[Task, dict[str, Path]]:
    """The task of a mask in a file, or in the pictures themselves (``nan``, ``alpha``), and the files it was read from.

    Raises
    ------
    InvpriorError
        If the mask cannot be read, or what is no file is to be inverted.
    """
    if str(mask) not in MARKS:
        return Inpaint(known_pixels(mask, invert)), {"--mask": mask}
    if invert:
        raise InvpriorError(
            f"--invert-mask inverts a mask in a file, and {mask} stands for the missing pixels; drop it"
        )
    return InpaintMissing(str(mask)), {}


class Masks(Protocol):
    """The masks of a film's frames."""

    def read(self, start: int, stop: int) -> Tensor:
        """The known pixels of frames ``start`` to ``stop``, boolean (T, H, W)."""


@dataclass(frozen=True, eq=False)
class FixedMask:
    """One mask for all frames, such as a logo."""

    known: Tensor

    def read(self, start: int, stop: int) -> Tensor:
        return self.known.expand(stop - start, -1, -1)


class MaskFilm:
    """A film of masks, one per frame, white = hole."""

    def __init__(self, clip: Clip, invert: bool) -> None:
        self._reader, self._invert = Reader(clip), invert

    def read(self, start: int, stop: int) -> Tensor:
        hole = self._reader.read(start, stop).amax(1) > 0.5  # white or coloured marks
        return hole if self._invert else ~hole


def film_masks(mask: Path, invert: bool, clip: Clip) -> Masks:
    """The masks of a film, from one picture for all frames or a film with one mask per frame.

    Raises
    ------
    InvpriorError
        If the mask has another size than the film, or too few frames.
    """
    masks: Masks
    if mask.suffix.lower() in SUFFIXES:
        known = known_pixels(mask, invert)
        masks, size = FixedMask(known), tuple(known.shape)
    else:
        film = read_clip(mask, (clip.first, clip.first + len(clip)))
        if len(film) < len(clip):
            raise InvpriorError(
                f"the mask {mask} holds {clip.first + len(film)} frames, and the film needs {clip.first + len(clip)}; "
                "give a longer one, or a picture for all frames"
            )
        masks, size = MaskFilm(film, invert), (film.height, film.width)
    if size != (clip.height, clip.width):
        raise InvpriorError(
            f"the mask {mask} is {size[1]}×{size[0]} pixels and the film {clip.width}×{clip.height}; they must agree"
        )
    return masks
